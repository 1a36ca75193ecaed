//! Owns what every page of the inspector is given: where it is, what was asked for, the clock, and how
//! links keep the account. Knows no table and no HTML.

use super::queries::Reader;
use super::section;
use crate::accounts::Identity;
use crate::domain::error::DomainError;
use crate::time::Time;
use http::Uri;

/// The path of the overview.
pub(crate) const HOME: &str = "/_mock/";

/// The path below which the other pages are.
pub(super) const PAGES: &str = "/_mock/ui/";

/// A request for a page.
#[derive(Clone)]
pub(super) struct Asked {
    path: String,
    query: Vec<(String, String)>,
}

impl Asked {
    /// Reads a URI.
    pub(super) fn new(uri: &Uri) -> Self {
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Self {
            path: uri.path().to_owned(),
            query,
        }
    }

    /// A parameter of the query, unless it is empty.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether this is the page at `path`.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// Whether this is the page at `path` or one below it.
    pub(super) fn is_below(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A link to a page of this account.
    pub(super) fn href(&self, path: &str) -> String {
        self.href_with(path, &[])
    }

    /// A link to a page of this account, with these parameters; empty ones are left out.
    pub(super) fn href_with(&self, path: &str, params: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(account) = self.param("account") {
            query.append_pair("account", account);
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// This page with some parameters changed; what was said of an action is not kept.
    pub(super) fn here(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.query.iter().filter(|(name, _)| {
            !matches!(name.as_str(), "said" | "account")
                && !changes.iter().any(|(changed, _)| changed == name)
        });
        let mut params: Vec<(&str, &str)> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        params.extend(changes);
        self.href_with(&self.path, &params)
    }

    /// A link to the object with this id, if there is a page for its kind.
    pub(super) fn href_of(&self, id: &str) -> Option<String> {
        section::of_id(id).map(|section| self.href(&format!("{PAGES}{}/{id}", section.name)))
    }
}

/// A page being made.
pub(super) struct View {
    asked: Asked,
    pub(super) now: Time,
    pub(super) pace: f64,
    pub(super) next_due: Option<Time>,
    /// The label of the account that is looked at.
    pub(super) label: String,
    /// Whether that is the account of the well-known keys.
    pub(super) is_primary: bool,
}

impl View {
    /// A view of what was asked for, at this instant.
    pub(super) fn new(
        reader: &Reader<'_>,
        asked: Asked,
        identity: &Identity,
    ) -> Result<Self, DomainError> {
        Ok(Self {
            asked,
            label: identity.label().to_owned(),
            is_primary: identity.is_primary,
            now: reader.now(),
            pace: reader.pace(),
            next_due: reader.timers(1)?.first().map(|timer| timer.due),
        })
    }

    /// A place in a table, from the query.
    pub(super) fn place(&self, name: &str) -> Option<i64> {
        self.param(name)?.parse().ok()
    }
}

impl std::ops::Deref for View {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

/// Where an action leads back to: a page of the inspector, whatever the form says.
pub(super) fn way_back(wanted: Option<&str>) -> &str {
    wanted
        .filter(|path| path.starts_with(HOME) && !path.contains("..") && !path.contains("//"))
        .filter(|path| {
            path.bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        })
        .unwrap_or(HOME)
}

#[cfg(test)]
mod tests {
    use super::{Asked, way_back};

    fn asked(uri: &str) -> Asked {
        Asked::new(&uri.parse().unwrap())
    }

    #[test]
    fn links_keep_the_account_and_forget_what_was_said() {
        let asked = asked("/_mock/ui/payments?account=a%26b&state=FAILED&said=advanced");
        assert_eq!(asked.href("/_mock/"), "/_mock/?account=a%26b");
        let older = asked.here(&[("after", "7")]);
        assert_eq!(
            older,
            "/_mock/ui/payments?state=FAILED&after=7&account=a%26b"
        );
        assert_eq!(
            asked.here(&[("state", "")]),
            "/_mock/ui/payments?account=a%26b"
        );
    }

    #[test]
    fn ids_lead_to_their_page_and_nothing_else_does() {
        let asked = asked("/_mock/");
        let href = asked.href_of("pay_5f8b2c1e2a4b4d8c");
        assert_eq!(href.unwrap(), "/_mock/ui/payments/pay_5f8b2c1e2a4b4d8c");
        for text in [
            "pay_5f8b",
            "javascript:alert(1)",
            "pay_../../../../..",
            "xyz_5f8b2c1e2a4b4d8c",
        ] {
            assert_eq!(asked.href_of(text), None, "{text}");
        }
    }

    #[test]
    fn an_action_leads_back_to_the_inspector_only() {
        let own = "/_mock/ui/payments/pay_1?account=x";
        assert_eq!(way_back(Some(own)), own);
        for foreign in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/_mock/../../v1",
            "/_mock//evil.example",
            "/_mock/ui\r\nSet-Cookie: a=b",
            "/pay/chk_1",
            "",
        ] {
            assert_eq!(way_back(Some(foreign)), "/_mock/", "{foreign}");
        }
        assert_eq!(way_back(None), "/_mock/");
    }
}

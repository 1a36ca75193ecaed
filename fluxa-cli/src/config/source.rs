//! Owns which source of a setting wins: the flag beats the environment, the environment beats the
//! profile. Knows no setting.

/// Where a setting came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment,
    Profile,
    /// The mock's well-known value, by `--mock`.
    Mock,
    Default,
}

impl Origin {
    pub(crate) fn describe(self, flag: &str, variable: &str) -> String {
        match self {
            Self::Flag => flag.to_owned(),
            Self::Environment => variable.to_owned(),
            Self::Profile => "profile".to_owned(),
            Self::Mock => "--mock".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
    /// Says which profile it is.
    pub(super) fn of_profile(self, flag: &str, variable: &str, profile: &str) -> String {
        match self {
            Self::Profile => format!("profile {profile}"),
            _ => self.describe(flag, variable),
        }
    }
}

/// What won of a setting's sources, and which of the others hold something else.
pub(super) struct Choice<T> {
    pub(super) value: Option<T>,
    pub(super) origin: Origin,
    others: Vec<Origin>,
}

impl<T> Choice<T> {
    /// Takes the first source that holds anything.
    pub(super) fn of<const N: usize>(
        sources: [(Origin, Option<T>); N],
        is_same: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let mut held = sources
            .into_iter()
            .filter_map(|(origin, value)| Some((origin, value?)));
        let Some((origin, value)) = held.next() else {
            return Self {
                value: None,
                origin: Origin::Default,
                others: Vec::new(),
            };
        };
        let others = held
            .filter(|(_, other)| !is_same(&value, other))
            .map(|(other, _)| other)
            // --mock is another place altogether, chosen for one command: that it differs from what a
            // profile holds is its purpose. That an environment is set up and not used may be a mistake.
            .filter(|other| (origin, *other) != (Origin::Mock, Origin::Profile))
            // Both were typed for this one command: --mock stands for the rest, here.
            .filter(|other| (origin, *other) != (Origin::Flag, Origin::Mock))
            .collect();
        Self {
            value: Some(value),
            origin,
            others,
        }
    }

    /// Returns what to say of the sources that hold something else; never what they hold.
    pub(super) fn overridden(
        &self,
        flag: &str,
        variable: &str,
        profile: &str,
        something_else: &str,
    ) -> Option<String> {
        let name = |origin: &Origin| origin.of_profile(flag, variable, profile);
        let others: Vec<String> = self.others.iter().map(name).collect();
        let holds = if others.len() == 1 { "holds" } else { "hold" };
        (!others.is_empty()).then(|| {
            let (winner, others) = (name(&self.origin), others.join(" and "));
            format!("{winner} is used; {others} {holds} {something_else}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_wins_and_those_that_differ_are_named_without_their_value() {
        use Origin::{Environment, Flag, Mock, Profile};
        let same = |one: &&str, other: &&str| one == other;
        let said = |sources: [(Origin, Option<&'static str>); 4]| {
            let choice = Choice::of(sources, same);
            let said = choice.overridden("--api-key", "FLUXA_SECRET_KEY", "shop", "another key");
            (choice.value, said)
        };
        let of = |flag, mock, environment, profile| {
            said([
                (Flag, flag),
                (Mock, mock),
                (Environment, environment),
                (Profile, profile),
            ])
        };
        assert_eq!(of(None, None, None, None), (None, None));
        assert_eq!(of(None, None, None, Some("a")), (Some("a"), None));
        assert_eq!(of(Some("a"), None, Some("a"), Some("a")), (Some("a"), None));
        assert_eq!(of(Some("a"), Some("b"), None, None), (Some("a"), None));
        for (sources, warning) in [
            (
                of(Some("a"), None, Some("b"), Some("c")),
                "--api-key is used; FLUXA_SECRET_KEY and profile shop hold another key",
            ),
            (
                of(None, None, Some("a"), Some("c")),
                "FLUXA_SECRET_KEY is used; profile shop holds another key",
            ),
            (
                of(None, Some("a"), Some("b"), Some("c")),
                "--mock is used; FLUXA_SECRET_KEY holds another key",
            ),
        ] {
            assert_eq!(sources, (Some("a"), Some(warning.to_owned())));
        }
    }
}

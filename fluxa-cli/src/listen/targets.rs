//! Owns which target an event goes to.
//!
//! A route takes the types it names; what no route takes goes to every plain target. Knows nothing
//! of how a delivery is made.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::filter::Filter;
use super::forwarder::{Forwarder, Manner, parse_target};
use crate::error::{CliError, Result};
use crate::suggest;

/// One place deliveries go to.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) forwarder: Arc<Forwarder>,
    /// The types it takes before others are asked.
    routes: Vec<Filter>,
    /// Whether it takes what no route takes.
    takes_rest: bool,
}

/// What is told of a target.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TargetInfo {
    pub(crate) url: String,
    /// The types routed to it; none when it takes what no route takes.
    pub(crate) types: Vec<String>,
}

/// All targets of a run.
#[derive(Debug)]
pub(crate) struct Targets(Vec<Target>);

impl Targets {
    /// Reads targets as they were typed: `--forward-to` and `--route TYPES=TARGET`. A URL given
    /// twice is one target, so that its order stays one.
    pub(crate) fn parse(plain: &[String], routes: &[String], manner: &Manner) -> Result<Self> {
        let mut targets = Self(Vec::new());
        for typed in plain {
            targets.at(typed, manner)?.takes_rest = true;
        }
        for route in routes {
            let (types, typed) = route.split_once('=').ok_or_else(|| {
                CliError::usage(format!("`{route}` is no route"))
                    .hint("a route is TYPES=TARGET, such as 'refund.*=4300/refunds'")
            })?;
            if types.trim_matches([',', ' ']).is_empty() {
                return Err(CliError::usage(format!("`{route}` names no types"))
                    .hint("a target of all types is --forward-to"));
            }
            let types: Vec<String> = types.split(',').map(str::to_owned).collect();
            let filter = Filter::parse(&types)?;
            targets.at(typed, manner)?.routes.push(filter);
        }
        Ok(targets)
    }

    fn at(&mut self, typed: &str, manner: &Manner) -> Result<&mut Target> {
        let url = parse_target(typed)?;
        let known = self.0.iter().position(|t| *t.forwarder.target() == url);
        let index = match known {
            Some(index) => index,
            None => {
                self.0.push(Target {
                    forwarder: Arc::new(Forwarder::new(url, manner)?),
                    routes: Vec::new(),
                    takes_rest: false,
                });
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[index])
    }

    /// Returns the URL of the first one.
    pub(crate) fn first(&self) -> &str {
        self.0.first().map_or("", |t| t.forwarder.target().as_str())
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Target> {
        self.0.iter()
    }

    /// Returns the positions of the targets that an event goes to; none when nobody wants it.
    pub(crate) fn of(&self, event_type: &str) -> Vec<usize> {
        let positions = |wanted: &dyn Fn(&Target) -> bool| -> Vec<usize> {
            let numbered = self.0.iter().enumerate();
            numbered
                .filter(|(_, t)| wanted(t))
                .map(|(i, _)| i)
                .collect()
        };
        let routed = positions(&|target| target.routes.iter().any(|r| r.wants(event_type)));
        match routed.is_empty() {
            true => positions(&|target| target.takes_rest),
            false => routed,
        }
    }

    /// Returns whether events of a type are of any use: one of the targets takes them, or there is
    /// none and they are shown.
    pub(crate) fn take(&self, event_type: &str) -> bool {
        self.0.is_empty() || !self.of(event_type).is_empty()
    }

    /// Returns the URLs of those to which nothing goes of what is wanted.
    pub(crate) fn idle(&self, wanted: &Filter) -> Vec<&str> {
        let types = suggest::event_types().iter();
        let busy: HashSet<usize> = types
            .filter(|event_type| wanted.wants(event_type))
            .flat_map(|event_type| self.of(event_type))
            .collect();
        let idle = self.0.iter().enumerate().filter(|(i, _)| !busy.contains(i));
        idle.map(|(_, t)| t.forwarder.target().as_str()).collect()
    }

    /// Returns what is told of them.
    pub(crate) fn info(&self) -> Vec<TargetInfo> {
        let info = |target: &Target| TargetInfo {
            url: target.forwarder.target().to_string(),
            types: match target.takes_rest {
                true => Vec::new(),
                false => target.patterns(),
            },
        };
        self.0.iter().map(info).collect()
    }

    /// Returns what tells this set of targets from others, whatever their order.
    pub(crate) fn identity(&self) -> String {
        let mut all: Vec<String> = self
            .0
            .iter()
            .map(|target| {
                let mut patterns = target.patterns();
                patterns.sort();
                let rest = if target.takes_rest { "*rest*" } else { "" };
                format!("{rest}{}={}", patterns.join(","), target.forwarder.target())
            })
            .collect();
        all.sort();
        all.join(" ")
    }
}

impl Target {
    fn patterns(&self) -> Vec<String> {
        let patterns = self.routes.iter().flat_map(Filter::patterns);
        patterns.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(plain: &[&str], routes: &[&str]) -> Result<Targets> {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        Targets::parse(&owned(plain), &owned(routes), &Manner::default())
    }

    #[test]
    fn a_route_takes_its_types_and_plain_targets_take_the_rest() {
        let targets = targets(
            &["1001", "1002"],
            &["refund.*=1003", "refund.created,dispute.*=1004"],
        )
        .unwrap();
        for (event_type, expected) in [
            ("payment.settled", vec![0, 1]),
            ("refund.succeeded", vec![2]),
            ("refund.created", vec![2, 3]),
            ("dispute.won", vec![3]),
        ] {
            assert_eq!(targets.of(event_type), expected, "{event_type}");
        }
    }

    #[test]
    fn with_routes_alone_what_none_takes_goes_nowhere() {
        let targets = targets(&[], &["refund.*=1003"]).unwrap();
        assert!(targets.of("payment.settled").is_empty());
        assert_eq!(targets.info()[0].types, ["refund.*"]);
    }

    #[test]
    fn a_url_given_twice_is_one_target() {
        let one = targets(&["1001", "localhost:1001"], &["refund.*=1001"]).unwrap();
        assert_eq!(one.iter().count(), 1);
        assert_eq!(one.of("refund.created"), [0]);
        assert_eq!(one.of("payment.settled"), [0]);
        assert!(one.info()[0].types.is_empty());
    }

    #[test]
    fn the_identity_depends_on_the_set_and_not_on_its_order() {
        let one = targets(&["1001", "1002"], &["refund.*,dispute.*=1003"]).unwrap();
        let other = targets(&["1002", "1001"], &["dispute.*=1003", "refund.*=1003"]).unwrap();
        let third = targets(&["1002", "1001"], &["dispute.*=1003"]).unwrap();
        assert_eq!(one.identity(), other.identity());
        assert_ne!(one.identity(), third.identity());
    }

    #[test]
    fn a_target_to_which_nothing_goes_of_what_is_wanted_is_named() {
        let targets = targets(&["1001"], &["refund.*=1002", "payment.settled=1003"]).unwrap();
        for (wanted, idle) in [
            (&[][..], &[][..]),
            (&["payment.*"], &["http://localhost:1002/"]),
            (
                &["refund.*", "payment.settled"],
                &["http://localhost:1001/"],
            ),
            (
                &["customer.created"],
                &["http://localhost:1002/", "http://localhost:1003/"],
            ),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|&one| one.to_owned()).collect();
            let filter = Filter::parse(&wanted).unwrap();
            assert_eq!(targets.idle(&filter), idle, "{wanted:?}");
        }
    }

    #[test]
    fn what_is_no_route_is_refused_with_what_one_looks_like() {
        for wrong in [
            "refund.*",
            "=1003",
            ",=1003",
            "refnd.created=1003",
            "refund.*=ftp://x/",
        ] {
            assert!(targets(&[], &[wrong]).is_err(), "{wrong}");
        }
    }
}

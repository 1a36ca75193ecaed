//! Owns `--chaos`: what is done to deliveries on purpose, decided by the seed and by how many events
//! came before.
//!
//! Decides only; `work` does it. The body and the signature are never touched: everything done here
//! may happen to a delivery of Fluxa too.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Incoming;

/// How long an event waits to be overtaken by the next one of its object. Then it goes alone.
pub(crate) const HOLD: Duration = Duration::from_secs(1);

/// What is done, and how often.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recipe {
    /// Chance of an event to be sent twice, 0 to 1.
    duplicate: f64,
    /// Chance of an event to be overtaken by the next one of its object, 0 to 1.
    reorder: f64,
    /// How long to wait before an event is sent, in milliseconds.
    delay_ms: Option<RangeInclusive<u64>>,
}

impl FromStr for Recipe {
    type Err = String;

    /// Reads `duplicate=10%,reorder,delay=0..2s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut recipe = Self::default();
        for part in text.split(',').map(str::trim) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (part, None),
            };
            match name {
                "duplicate" => recipe.duplicate = chance(value)?,
                "reorder" => recipe.reorder = chance(value)?,
                "delay" => recipe.delay_ms = Some(range(value.unwrap_or_default())?),
                _ => {
                    return Err(format!(
                        "`{part}` is not duplicate, reorder or delay: \
                         duplicate=10%,reorder=50%,delay=0..2s"
                    ));
                }
            }
        }
        Ok(recipe)
    }
}

fn chance(value: Option<&str>) -> Result<f64, String> {
    let Some(value) = value else { return Ok(1.0) };
    value
        .strip_suffix('%')
        .and_then(|percent| percent.trim().parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("`{value}` is not 0% to 100%"))
}

/// Reads `2s` or `0..2s`, in which a number without a unit takes that of the other.
fn range(value: &str) -> Result<RangeInclusive<u64>, String> {
    let wrong = || format!("`{value}` is no delay: 500ms, or 0..2s");
    let (from, to) = value.split_once("..").unwrap_or((value, value));
    let to = milliseconds(to, "").ok_or_else(wrong)?;
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || ".".contains(c));
    let from = milliseconds(from, unit).ok_or_else(wrong)?;
    if from > to {
        return Err(wrong());
    }
    Ok(from..=to)
}

fn milliseconds(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim();
    let bare = text.ends_with(|c: char| c.is_ascii_digit());
    let span = format!("{text}{}", if bare { unit } else { "" });
    let span: jiff::SignedDuration = span.parse().ok()?;
    u64::try_from(span.as_millis()).ok()
}

/// What is done to one event. Part of its `delivery` lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// Whether this is the second sending of an event that was delivered.
    pub(crate) duplicate: bool,
    /// Whether a later event of the same object was sent before it.
    pub(crate) reordered: bool,
    /// How long it was held back.
    pub(crate) delay_ms: u64,
    /// Whether it is to be sent again once it is delivered.
    #[serde(skip)]
    pub(crate) again: bool,
}

/// What was done, over the whole session. Part of the summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Does the same again, when given to `--seed`.
    pub(crate) seed: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) delayed: u64,
}

/// Decides what is done to each event.
pub(crate) struct Chaos {
    recipe: Recipe,
    state: u64,
    tally: Tally,
    /// By object: what waits to be overtaken.
    held: HashMap<String, Incoming>,
}

impl Chaos {
    pub(crate) fn new(recipe: Recipe, seed: u64) -> Self {
        Self {
            recipe,
            state: seed,
            tally: Tally {
                seed,
                duplicated: 0,
                reordered: 0,
                delayed: 0,
            },
            held: HashMap::new(),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Returns what is to be sent now that this event has come, in order. When it is nothing, the
    /// event waits to be overtaken, for [`HOLD`] at most: see [`Chaos::release`].
    pub(crate) fn arrange(&mut self, mut event: Incoming) -> Vec<Incoming> {
        // As many draws for every event, so that one part of the recipe does not change another's.
        let (duplicate, reorder, delay) = (self.draw(), self.draw(), self.draw());
        let trouble = Trouble {
            again: duplicate < self.recipe.duplicate,
            delay_ms: match &self.recipe.delay_ms {
                Some(range) => {
                    let width = (range.end() - range.start() + 1) as f64;
                    range.start() + (delay * width) as u64
                }
                None => 0,
            },
            ..Trouble::default()
        };
        self.tally.duplicated += u64::from(trouble.again);
        self.tally.delayed += u64::from(trouble.delay_ms > 0);
        event.trouble = Some(Box::new(trouble));
        let Some(object) = event.object.clone() else {
            return vec![event];
        };
        if let Some(mut earlier) = self.held.remove(&object) {
            self.tally.reordered += 1;
            if let Some(trouble) = &mut earlier.trouble {
                trouble.reordered = true;
            }
            return vec![event, earlier];
        }
        if reorder < self.recipe.reorder {
            self.held.insert(object, event);
            return Vec::new();
        }
        vec![event]
    }

    /// Gives up the event when it still waits: nothing came to overtake it.
    pub(crate) fn release(&mut self, object: &str, event: &str) -> Option<Incoming> {
        match self.held.get(object) {
            Some(held) if held.id == event => self.held.remove(object),
            _ => None,
        }
    }

    /// Gives up everything that waits.
    pub(crate) fn release_all(&mut self) -> Vec<Incoming> {
        let mut all: Vec<_> = self.held.drain().map(|(_, event)| event).collect();
        all.sort_by(|one, two| one.id.cmp(&two.id));
        all
    }

    /// Returns the next number of the seed's sequence (SplitMix64), 0 to 1.
    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(number: usize) -> impl Iterator<Item = Incoming> {
        (0..number).map(|n| {
            Incoming::for_test(
                &format!("evt_{n:03}"),
                "payment.settled",
                &format!("pay_{}", n % 5),
            )
        })
    }

    /// What is sent, in order, of so many events.
    fn sent(recipe: &str, seed: u64, number: usize) -> (Vec<(String, Trouble)>, Tally) {
        let mut chaos = Chaos::new(recipe.parse().unwrap(), seed);
        let mut sent: Vec<Incoming> = events(number).flat_map(|e| chaos.arrange(e)).collect();
        sent.extend(chaos.release_all());
        let sent = sent
            .into_iter()
            .map(|event| (event.id, *event.trouble.unwrap()));
        (sent.collect(), chaos.tally())
    }

    #[test]
    fn a_recipe_is_read_as_it_is_typed() {
        let read = |text: &str| text.parse::<Recipe>();
        let recipe = read("duplicate=10%, reorder,delay=0..2s").unwrap();
        assert_eq!((recipe.duplicate, recipe.reorder), (0.1, 1.0));
        assert_eq!(recipe.delay_ms, Some(0..=2_000));
        assert_eq!(read("delay=500ms").unwrap().delay_ms, Some(500..=500));
        assert_eq!(read("delay=1..2.5s").unwrap().delay_ms, Some(1_000..=2_500));
        assert_eq!(read("delay=100ms..2s").unwrap().delay_ms, Some(100..=2_000));
        for wrong in [
            "",
            "drop",
            "duplicate=2",
            "duplicate=101%",
            "duplicate=-1%",
            "duplicate=NaN%",
            "reorder=",
            "delay",
            "delay=5",
            "delay=2s..1s",
            "delay=-1s",
            "delay=..",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_seed_alone_decides() {
        let recipe = "duplicate=20%,reorder=30%,delay=0..50ms";
        assert_eq!(sent(recipe, 7, 300), sent(recipe, 7, 300));
        assert_ne!(sent(recipe, 7, 300).0, sent(recipe, 8, 300).0);
        // One part of the recipe does not change what another one does.
        let delays = |recipe| -> Vec<u64> {
            let mut sent = sent(recipe, 7, 300).0;
            sent.sort_by(|one, two| one.0.cmp(&two.0));
            sent.into_iter()
                .map(|(_, trouble)| trouble.delay_ms)
                .collect()
        };
        assert_eq!(delays(recipe), delays("delay=0..50ms"));
    }

    #[test]
    fn chances_are_about_what_was_asked_for_and_nothing_is_lost() {
        let (sent, tally) = sent("duplicate=10%,reorder=50%,delay=0..9ms", 7, 1_000);
        assert!((50..200).contains(&tally.duplicated), "{tally:?}");
        assert!((200..500).contains(&tally.reordered), "{tally:?}");
        assert!(sent.iter().all(|(_, trouble)| trouble.delay_ms <= 9));
        let mut ids: Vec<_> = sent.iter().map(|(id, _)| id.clone()).collect();
        ids.sort();
        assert_eq!(ids, events(1_000).map(|event| event.id).collect::<Vec<_>>());
    }

    #[test]
    fn an_event_is_overtaken_by_the_next_of_its_object_alone() {
        let (sent, tally) = sent("reorder", 7, 10);
        let of_first: Vec<_> = sent
            .iter()
            .filter(|(id, _)| id.ends_with(['0', '5']))
            .collect();
        assert_eq!(of_first[0].0, "evt_005");
        assert!(of_first[1].0 == "evt_000" && of_first[1].1.reordered);
        assert_eq!(tally.reordered, 5);
    }

    #[test]
    fn what_nothing_overtakes_is_given_up_once() {
        let mut chaos = Chaos::new("reorder".parse().unwrap(), 7);
        let event = Incoming::for_test("evt_1", "payment.settled", "pay_1");
        assert!(chaos.arrange(event).is_empty());
        assert!(chaos.release("pay_1", "evt_0").is_none());
        let alone = chaos.release("pay_1", "evt_1").unwrap();
        assert!(!alone.trouble.unwrap().reordered);
        assert!(chaos.release("pay_1", "evt_1").is_none());
    }
}

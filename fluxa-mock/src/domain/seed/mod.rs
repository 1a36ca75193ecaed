//! Owns the made-up past of a merchant: the plan, and its carrying out by driving the domain through
//! time, in one transaction. What happens to each customer is `story`, and who they are `people`.

mod ongoing;
mod people;
mod story;

use super::error::DomainError;
use super::{merchant, timers};
use crate::ids::Ids;
use crate::store::Tx;
use crate::time::Time;
use serde_json::{Map, Value, json};
use story::Story;

const DAY_MS: i64 = 86_400_000;
const MOST_CUSTOMERS: u32 = 10_000;
const MOST_DAYS: u32 = 366;

/// A merchant to be made up: how many customers, over how many days up to now.
///
/// The same seed makes the same merchant, ids and instants included, when [`until`](Self::until) is
/// given too; without it the past ends where the sandbox's clock stands.
///
/// ```
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// use fluxa_mock::{MockServer, SeedPlan};
/// let server = MockServer::start().await?;
/// server.seed(SeedPlan::new().customers(20).days(30).seed(7)).await?;
/// assert!(server.invariants().await?.is_empty());
/// # std::io::Result::Ok(()) }).expect("it starts");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedPlan {
    customers: u32,
    days: u32,
    seed: u64,
    until: Option<String>,
}

impl Default for SeedPlan {
    fn default() -> Self {
        Self {
            customers: 100,
            days: 90,
            seed: 1,
            until: None,
        }
    }
}

impl SeedPlan {
    /// 100 customers over 90 days, seed 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many customers, 1 to 10 000.
    #[must_use]
    pub fn customers(mut self, customers: u32) -> Self {
        self.customers = customers;
        self
    }

    /// Over how many days, 1 to 366.
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.days = days;
        self
    }

    /// Which merchant.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The instant that becomes the sandbox's now, RFC 3339.
    #[must_use]
    pub fn until(mut self, instant: impl Into<String>) -> Self {
        self.until = Some(instant.into());
        self
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// `parameter_unknown` or `parameter_invalid`, with what to do.
    pub(crate) fn from_json(raw: &Map<String, Value>) -> Result<Self, DomainError> {
        let mut plan = Self::new();
        for (name, value) in raw {
            let bad = |message: &str| DomainError::parameter(name.clone(), message);
            let small = || value.as_u64().and_then(|number| u32::try_from(number).ok());
            match name.as_str() {
                "customers" => plan.customers = small().ok_or_else(|| bad(CUSTOMERS))?,
                "days" => plan.days = small().ok_or_else(|| bad(DAYS))?,
                "seed" => {
                    let seed = value.as_u64();
                    plan.seed = seed.ok_or_else(|| bad("seed is a whole number from 0."))?;
                }
                "until" => {
                    let until = value.as_str().ok_or_else(|| bad(UNTIL))?;
                    plan.until = Some(until.to_owned());
                }
                _ => {
                    let message = "Use customers, days, seed and until.";
                    return Err(DomainError::invalid("parameter_unknown", message).about(name));
                }
            }
        }
        plan.check()?;
        Ok(plan)
    }

    /// Refuses what cannot be made.
    ///
    /// # Errors
    /// `parameter_invalid`.
    pub(crate) fn check(&self) -> Result<(), DomainError> {
        if !(1..=MOST_CUSTOMERS).contains(&self.customers) {
            return Err(DomainError::parameter("customers", CUSTOMERS));
        }
        if !(1..=MOST_DAYS).contains(&self.days) {
            return Err(DomainError::parameter("days", DAYS));
        }
        self.end(Time::HORIZON).map(drop)
    }

    /// Where the past ends, for a clock that stands at `now`.
    ///
    /// # Errors
    /// `parameter_invalid` for an instant that no past leads to.
    pub(crate) fn end(&self, now: Time) -> Result<Time, DomainError> {
        let Some(text) = &self.until else {
            return Ok(now);
        };
        let earliest = Time::from_millis(DAY_MS * (i64::from(MOST_DAYS) + 1));
        Time::parse(text)
            .filter(|until| (earliest..=Time::HORIZON).contains(until))
            .ok_or_else(|| DomainError::parameter("until", UNTIL))
    }
}

const CUSTOMERS: &str = "customers is a whole number from 1 to 10000.";
const DAYS: &str = "days is a whole number from 1 to 366.";
const UNTIL: &str = "until is an RFC 3339 instant from 1972 to 9990.";

/// Whether nothing has happened in the sandbox yet.
pub(crate) fn is_empty(tx: &Tx<'_>) -> Result<bool, DomainError> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM events) AND NOT EXISTS \
               (SELECT 1 FROM webhook_endpoints)";
    Ok(tx.connection().query_row(sql, [], |row| row.get(0))?)
}

/// Replaces the state by the past that the plan describes, up to `until`; returns what it made.
pub(crate) fn fill(tx: &Tx<'_>, plan: &SeedPlan, until: Time) -> Result<Value, DomainError> {
    let ids = Ids::for_seed_data(plan.seed);
    let past = tx.of_the_past(&ids);
    past.go_to(until.plus_millis(-DAY_MS * i64::from(plan.days)));
    past.reset()?;
    merchant::seed(&past)?;
    let mut story = Story::new(plan.seed, past.now(), until);
    story.plan(plan.customers);
    while let Some((at, act)) = story.next() {
        fire_until(&past, at)?;
        past.go_to(at);
        story.act(&past, act)?;
    }
    fire_until(&past, until)?;
    summary(&past, until)
}

/// Fires what comes due on the way, each at its own instant.
fn fire_until(past: &Tx<'_>, end: Time) -> Result<(), DomainError> {
    while let Some(timer) = past.next_timer()?.filter(|timer| timer.due <= end) {
        past.go_to(timer.due);
        timers::fire(past, &timer)?;
    }
    Ok(())
}

fn summary(past: &Tx<'_>, until: Time) -> Result<Value, DomainError> {
    let mut summary = json!({ "status": "seeded", "clock": until });
    for table in [
        "customers",
        "checkout_sessions",
        "payments",
        "refunds",
        "settlements",
        "subscriptions",
        "disputes",
        "events",
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE deleted = 0");
        let count: i64 = past.connection().query_row(&sql, [], |row| row.get(0))?;
        summary[table] = count.into();
    }
    Ok(summary)
}

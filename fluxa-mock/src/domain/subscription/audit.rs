//! Owns the audit of subscriptions: what must hold of them whatever was done.

use super::{Status, Subscription};
use crate::domain::error::DomainError;
use crate::store::Tx;
use crate::time::Time;

/// Adds a sentence for each breach found.
pub(crate) fn audit(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    audit_charges(tx, breaches)?;
    audit_timers(tx, breaches)
}

/// A period's charge may be tried often and end well once. A settlement that was returned has been
/// authorised before: it counts.
fn audit_charges(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut statement = tx.connection().prepare(
        "SELECT body->>'$.subscription' AS subscription, body->>'$.internal.period' AS period \
         FROM payments WHERE subscription IS NOT NULL \
         AND (state <> 'FAILED' OR body->>'$.captured_at' IS NOT NULL) \
         GROUP BY subscription, period HAVING count(*) > 1",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    for row in rows {
        let (id, period) = row?;
        breaches.push(format!(
            "subscription {id}: period {period} was charged twice"
        ));
    }
    Ok(())
}

/// Each has the timers that its status needs and no others, or it would stop or be charged too often.
fn audit_timers(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut statement = tx
        .connection()
        .prepare("SELECT body FROM subscriptions WHERE deleted = 0 ORDER BY sequence")?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut timers = tx
        .connection()
        .prepare("SELECT kind, due FROM timers WHERE reference = ?1 ORDER BY kind")?;
    for body in bodies {
        let subscription: Subscription =
            serde_json::from_str(&body?).map_err(DomainError::internal)?;
        let found = timers
            .query_map([&subscription.id], |row| {
                Ok((row.get(0)?, Time::from_millis(row.get(1)?)))
            })?
            .collect::<Result<Vec<(String, Time)>, _>>()?;
        let expected: Vec<(String, Time)> = subscription
            .timers()
            .map(|(kind, due)| (kind.name().to_owned(), due))
            .collect();
        let (id, status) = (&subscription.id, subscription.status);
        if found != expected {
            breaches.push(format!(
                "subscription {id} is {} but its timers are {found:?}",
                status.name()
            ));
        }
        if (status == Status::PastDue) != subscription.internal.owed.is_some() {
            breaches.push(format!(
                "subscription {id} is {} and owes {:?}",
                status.name(),
                subscription.internal.owed
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Properties over random histories; a failure prints its seed.

    use crate::domain::card::{Card, Outcome};
    use crate::domain::customer::{self, Customer};
    use crate::domain::error::DomainError;
    use crate::domain::invariants;
    use crate::domain::payment::{Payment, PaymentState};
    use crate::domain::payment_method::{self, PaymentMethod};
    use crate::domain::subscription::{
        CreateSubscription, Status, Subscription, UpdateSubscription, cancel, create, pause, renew,
        resume, update,
    };
    use crate::domain::timers;
    use crate::domain::timing::Timing;
    use crate::store::{Opening, Origin, Store, Tx};
    use crate::time::Time;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    const DAY_MS: i64 = 86_400_000;

    async fn in_transaction(
        work: impl FnOnce(&Tx<'_>) -> Result<(), DomainError> + Send + 'static,
    ) {
        let store = Store::open(&Opening::frozen_in_memory()).unwrap();
        let work = |tx: &Tx<'_>| {
            // The same calendar on every run, with months too short for the anchor's day.
            go_to(tx, Time::parse("2047-01-31T10:00:00.123Z").unwrap());
            work(tx)
        };
        store.run(Origin::default(), work).await.unwrap();
    }

    fn parameters<T: serde::de::DeserializeOwned>(body: Value) -> T {
        serde_json::from_value(body).unwrap()
    }

    fn customer_with_card(tx: &Tx<'_>) -> Result<(String, String), DomainError> {
        let email = parameters(json!({ "email": "a@example.com" }));
        let customer: Customer = customer::create(tx, email)?;
        let method = another_card(tx, &customer)?;
        let id = customer.id.clone();
        customer::adopt_default(tx, customer, &method.id)?;
        Ok((id, method.id))
    }

    fn another_card(tx: &Tx<'_>, customer: &Customer) -> Result<PaymentMethod, DomainError> {
        let card = Card {
            brand: "visa".to_owned(),
            last4: "4242".to_owned(),
            exp_month: 1,
            exp_year: 2099,
            country: "GB".to_owned(),
            funding: "credit".to_owned(),
        };
        payment_method::vault(tx, customer, card, Outcome::Success)
    }

    fn subscribe(tx: &Tx<'_>, customer: &str, amount: i64) -> Result<Subscription, DomainError> {
        let new: CreateSubscription = parameters(json!({
            "customer": customer, "amount": amount, "currency": "GBP", "interval": "month",
        }));
        create(tx, new, Timing::Instant)
    }

    /// Moves the clock, and holds it there.
    fn go_to(tx: &Tx<'_>, instant: Time) {
        assert!(tx.move_clock(tx.clock().hold(), instant));
    }

    /// Fires what is due up to `instant`, as the sandbox does, and stands there.
    fn advance_to(tx: &Tx<'_>, instant: Time) -> Result<(), DomainError> {
        while let Some(timer) = tx.next_timer()?.filter(|timer| timer.due <= instant) {
            go_to(tx, timer.due);
            timers::fire(tx, &timer)?;
        }
        go_to(tx, instant);
        Ok(())
    }

    fn charges(tx: &Tx<'_>, customer: &str) -> Result<Vec<Payment>, DomainError> {
        tx.all_by("customer", customer)
    }

    /// A history of changes of price over a year, against what was used, computed from the history alone.
    fn a_year_of_changes(tx: &Tx<'_>, seed: u64) -> Result<(), DomainError> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (customer, _) = customer_with_card(tx)?;
        let start = tx.now();
        // Each price with the instant from which it counts.
        let mut prices = vec![(start, random.i64(30..500_000))];
        let id = subscribe(tx, &customer, prices[0].1)?.id;
        let mut periods = BTreeSet::new();
        let changes = random.i64(0..30);
        let mut instants: Vec<i64> = (0..changes).map(|_| random.i64(0..365 * DAY_MS)).collect();
        instants.sort_unstable();
        for instant in instants {
            note_periods(tx, &id, start.plus_millis(instant), &mut periods)?;
            let (amount, quantity) = (random.i64(30..50_000), random.i64(1..20));
            let change: UpdateSubscription =
                parameters(json!({ "amount": amount, "quantity": quantity }));
            update(tx, &id, change)?;
            prices.push((tx.now(), amount * quantity));
        }
        note_periods(tx, &id, start.plus_millis(365 * DAY_MS), &mut periods)?;

        let mut used = 0.0;
        for (from, to) in &periods {
            let length = (to.millis() - from.millis()) as f64;
            for (place, (since, price)) in prices.iter().enumerate() {
                let until = prices.get(place + 1).map_or(*to, |(next, _)| *next);
                let (since, until) = (*since.max(from), until.min(*to));
                let overlap = (until.millis() - since.millis()).max(0) as f64;
                used += *price as f64 * overlap / length;
            }
        }
        let subscription: Subscription = tx.get(&id)?;
        let charged: i64 = charges(tx, &customer)?.iter().map(|one| one.amount).sum();
        let accounted = charged + subscription.internal.pending;
        let difference = (accounted as f64 - used).abs();
        assert!(
            difference <= 0.5 * changes as f64 + 1e-3,
            "seed {seed}: {accounted} accounted for, {used} used, {changes} changes"
        );
        assert_eq!(invariants::audit(tx)?, Vec::<String>::new(), "seed {seed}");
        Ok(())
    }

    /// Goes to `instant` by way of every period, and notes them.
    fn note_periods(
        tx: &Tx<'_>,
        id: &str,
        instant: Time,
        periods: &mut BTreeSet<(Time, Time)>,
    ) -> Result<(), DomainError> {
        loop {
            let subscription: Subscription = tx.get(id)?;
            let end = subscription.current_period_end;
            periods.insert((subscription.current_period_start, end));
            advance_to(tx, end.min(instant))?;
            if instant < end {
                return Ok(());
            }
        }
    }

    #[tokio::test]
    async fn what_a_year_charges_is_what_was_used_within_a_penny_for_each_change() {
        for seed in 0..60 {
            in_transaction(move |tx| a_year_of_changes(tx, seed)).await;
        }
    }

    /// Any calls in any order between any timers; what must hold is checked after each.
    fn a_random_life(tx: &Tx<'_>, seed: u64) -> Result<(), DomainError> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (customer_id, method) = customer_with_card(tx)?;
        let id = subscribe(tx, &customer_id, 5_000)?.id;
        for step in 0..60 {
            let before: Subscription = tx.get(&id)?;
            let result = tx.savepoint(|tx| match random.u8(0..12) {
                0 => renew(tx, &id, Outcome::Success).map(drop),
                1 => renew(tx, &id, Outcome::CardDeclined).map(drop),
                2 => pause(tx, &id).map(drop),
                3 => resume(tx, &id).map(drop),
                4 => {
                    let flag = json!({ "cancel_at_period_end": random.u8(0..4) == 0 });
                    update(tx, &id, parameters(flag)).map(drop)
                }
                5 => {
                    let price =
                        json!({ "amount": random.i64(30..9_000), "quantity": random.i64(1..4) });
                    update(tx, &id, parameters(price)).map(drop)
                }
                6 => {
                    let customer: Customer = tx.get(&customer_id)?;
                    let card = another_card(tx, &customer)?;
                    let change = json!({ "payment_method": card.id });
                    update(tx, &id, parameters(change)).map(drop)
                }
                7 => {
                    let outcomes = [
                        Outcome::CardDeclined,
                        Outcome::FraudSuspected,
                        Outcome::Success,
                    ];
                    let all: Vec<PaymentMethod> = tx.all_by("customer", &customer_id)?;
                    for method in all {
                        let outcome = outcomes[random.usize(0..3)];
                        payment_method::set_outcome(tx, &method.id, outcome)?;
                    }
                    Ok(())
                }
                8 if random.u8(0..20) == 0 => cancel(tx, &id, false).map(drop),
                9 if random.u8(0..4) == 0 => payment_method::detach(tx, &method).map(drop),
                _ => Ok(()),
            });
            if let Err(error) = result {
                let expected = ["subscription_not_active", "parameter_invalid"];
                assert!(
                    expected.contains(&error.code),
                    "seed {seed}, step {step}: {error}"
                );
            }
            let now = tx.now();
            advance_to(tx, now.plus_millis(random.i64(0..12 * DAY_MS)))?;
            let after: Subscription = tx.get(&id)?;
            let ended = before.status == Status::Cancelled;
            assert!(
                !ended || after.status == Status::Cancelled,
                "seed {seed}, step {step}"
            );
            assert_eq!(
                invariants::audit(tx)?,
                Vec::<String>::new(),
                "seed {seed}, step {step}"
            );
            // Nothing is left behind that should have happened by now.
            if matches!(after.status, Status::Trial | Status::Active) {
                assert!(
                    tx.now() < after.current_period_end,
                    "seed {seed}, step {step}"
                );
            }
        }
        let paid = charges(tx, &customer_id)?;
        let paid: Vec<&Payment> = paid
            .iter()
            .filter(|one| one.state != PaymentState::Failed)
            .collect();
        assert!(!paid.is_empty(), "seed {seed}");
        Ok(())
    }

    #[tokio::test]
    async fn no_order_of_calls_and_timers_charges_a_period_twice_or_loses_a_timer() {
        for seed in 0..25 {
            in_transaction(move |tx| a_random_life(tx, seed)).await;
        }
    }

    #[tokio::test]
    async fn a_timer_that_fires_again_or_too_early_does_nothing() {
        in_transaction(|tx| {
            let (customer, _) = customer_with_card(tx)?;
            let id = subscribe(tx, &customer, 1_000)?.id;
            let count = |tx: &Tx<'_>| charges(tx, &customer).map(|all| all.len());
            crate::domain::subscription::on_period_timer(tx, &id)?;
            crate::domain::subscription::on_retry_timer(tx, &id)?;
            assert_eq!(count(tx)?, 1);
            advance_to(tx, tx.now().plus_millis(40 * DAY_MS))?;
            assert_eq!(count(tx)?, 2);
            crate::domain::subscription::on_period_timer(tx, &id)?;
            crate::domain::subscription::on_retry_timer(tx, &id)?;
            assert_eq!(count(tx)?, 2);
            renew(tx, &id, Outcome::CardDeclined)?;
            crate::domain::subscription::on_retry_timer(tx, &id)?;
            crate::domain::subscription::on_period_timer(tx, &id)?;
            assert_eq!(count(tx)?, 3);
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn timers_that_fire_late_charge_every_period_by_the_calendar() {
        in_transaction(|tx| {
            let (customer, _) = customer_with_card(tx)?;
            let created = subscribe(tx, &customer, 1_000)?;
            // As after a server that was down for a year at its real pace.
            go_to(tx, tx.now().plus_millis(365 * DAY_MS));
            while let Some(timer) = tx.next_timer()?.filter(|timer| timer.due <= tx.now()) {
                timers::fire(tx, &timer)?;
            }
            assert_eq!(charges(tx, &customer)?.len(), 13);
            let subscription: Subscription = tx.get(&created.id)?;
            assert_eq!(subscription.internal.anchor, created.internal.anchor);
            assert_eq!(subscription.internal.place, 12);
            assert!(subscription.current_period_end > tx.now());
            assert_eq!(invariants::audit(tx)?, Vec::<String>::new());
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn the_audit_finds_a_period_charged_twice_and_a_timer_lost() {
        in_transaction(|tx| {
            let (customer, _) = customer_with_card(tx)?;
            let subscription = subscribe(tx, &customer, 1_000)?;
            crate::domain::subscription::billing::bill(
                tx,
                &mut subscription.clone(),
                None,
                crate::domain::subscription::Told::Updated,
            )?;
            let twice = format!(
                "subscription {}: period 1 was charged twice",
                subscription.id
            );
            assert_eq!(invariants::audit(tx)?, [twice]);
            tx.cancel_timers(&subscription.id)?;
            assert_eq!(invariants::audit(tx)?.len(), 2);
            Ok(())
        })
        .await;
    }
}

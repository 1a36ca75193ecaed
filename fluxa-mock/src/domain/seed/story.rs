//! Owns what happens to a made-up merchant: who comes when, what they buy, with which card, and what
//! becomes of it. Each step goes through the domain as a call of the API would, in the order of time.

use super::ongoing::{self, Shape, Stage};
use super::{DAY_MS, people};
use crate::domain::card::TestCard;
use crate::domain::error::{DomainError, Kind};
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::timing::Timing;
use crate::domain::{checkout_session, customer, payment_flow, refund, subscription};
use crate::store::Tx;
use crate::time::Time;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The hour of the day when the day's payments are sent to be settled.
const CUT_OFF_MS: i64 = 22 * HOUR_MS;

/// From then until they are settled.
const OVERNIGHT_MS: i64 = 8 * HOUR_MS;

/// Cards that pay, the commonest first.
const GOOD_CARDS: &[(&str, u32)] = &[
    ("4242424242424242", 58),
    ("5555555555554444", 28),
    ("4000000000003220", 8),
    ("4000000000001091", 3),
    ("4000000000001976", 3),
];

/// The card that takes every step.
const PLAIN_CARD: &[(&str, u32)] = &[("4242424242424242", 1)];

/// Cards that do not.
const BAD_CARDS: &[(&str, u32)] = &[
    ("4000000000000002", 45),
    ("4000000000009995", 30),
    ("4000000000000069", 10),
    ("4000000000009979", 5),
    ("4000000000003238", 10),
];

/// How far a payment of the last hour has come.
#[derive(Clone, Copy)]
pub(super) enum Progress {
    Received,
    Captured,
    Settling,
    Failed,
}

/// A step of the story.
pub(super) enum Act {
    Join(usize),
    Buy(usize),
    BuyAgain(usize),
    Pay {
        session: String,
        timing: Option<Timing>,
    },
    FailToPay {
        session: String,
        then: Timing,
    },
    Expire(String),
    /// One purchase a day that is sure to be settled: there is a settlement every day.
    BuyDaily,
    Refund {
        payment: String,
        part: bool,
    },
    /// A purchase settled and refunded within a day, so that even the shortest past has one.
    BuyAndReturn(usize),
    BuyNow(usize, Progress),
    RefundLatest,
    Subscribe(usize),
    SubscribeAs(usize, Shape),
    CancelAtPeriodEnd(String),
    Pause(String),
    Dispute(String),
    DisputeAs(usize, Stage),
    Answer(String),
    Decide(String),
}

/// What is still to happen.
pub(super) struct Story {
    random: fastrand::Rng,
    start: Time,
    until: Time,
    /// By instant, then in the order of planning.
    agenda: BTreeMap<(i64, u64), Act>,
    planned: u64,
    /// Ids by number; `None` until they join.
    customers: Vec<Option<String>>,
}

impl Story {
    /// A story from `start` to `until`.
    pub(super) fn new(seed: u64, start: Time, until: Time) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            start,
            until,
            agenda: BTreeMap::new(),
            planned: 0,
            customers: Vec::new(),
        }
    }

    /// The next step and its instant.
    pub(super) fn next(&mut self) -> Option<(Time, Act)> {
        let ((at, _), act) = self.agenda.pop_first()?;
        Some((Time::from_millis(at), act))
    }

    /// What would happen later than now is left out: it is the future.
    fn add(&mut self, at: i64, act: Act) {
        if at <= self.until.millis() {
            self.agenda.insert((at, self.planned), act);
            self.planned += 1;
        }
    }

    /// Plans who comes when, and how often they buy.
    pub(super) fn plan(&mut self, customers: u32) {
        let (start, end) = (self.start.millis(), self.until.millis());
        for number in 0..usize::try_from(customers).unwrap_or(0) {
            self.customers.push(None);
            // The first is there from the beginning: somebody buys every day.
            let joins = match number {
                0 => start,
                _ => self.random.i64(start..start + (end - start) * 9 / 10),
            };
            self.add(joins, Act::Join(number));
            for purchase in 0..self.random.u32(1..=5) {
                let from = joins + MINUTE_MS;
                let at = self.random.i64(from..end - HOUR_MS);
                match purchase {
                    0 => self.add(at, Act::Buy(number)),
                    _ => self.add(at, Act::BuyAgain(number)),
                }
            }
        }
        let mut midnight = start - start.rem_euclid(DAY_MS);
        while midnight < end {
            let at = midnight + self.random.i64(8 * HOUR_MS..21 * HOUR_MS);
            if at > start {
                self.add(at, Act::BuyDaily);
            }
            midnight += DAY_MS;
        }
        self.add(start + HOUR_MS, Act::BuyAndReturn(0));
        for (minutes, act) in [
            (50, Act::BuyNow(0, Progress::Failed)),
            (49, Act::SubscribeAs(0, Shape::Active)),
            (48, Act::SubscribeAs(0, Shape::Trial)),
            (47, Act::SubscribeAs(0, Shape::PastDue)),
            (46, Act::SubscribeAs(0, Shape::Paused)),
            (45, Act::SubscribeAs(0, Shape::Cancelled)),
            (44, Act::DisputeAs(0, Stage::Raised)),
            (43, Act::DisputeAs(0, Stage::Answered)),
            (42, Act::DisputeAs(0, Stage::Won)),
            (41, Act::DisputeAs(0, Stage::Lost)),
            (40, Act::BuyNow(0, Progress::Settling)),
            (30, Act::RefundLatest),
            (5, Act::BuyNow(0, Progress::Captured)),
            (2, Act::BuyNow(0, Progress::Received)),
            (1, Act::Buy(0)),
        ] {
            self.add(end - minutes * MINUTE_MS, act);
        }
    }

    /// Takes a step.
    pub(super) fn act(&mut self, past: &Tx<'_>, act: Act) -> Result<(), DomainError> {
        match past.savepoint(|tx| self.step(tx, act)) {
            // As in life, some things cannot be done when their time comes.
            Err(error) if error.kind == Kind::Invalid => Ok(()),
            result => result,
        }
    }

    fn step(&mut self, tx: &Tx<'_>, act: Act) -> Result<(), DomainError> {
        let now = tx.now().millis();
        match act {
            Act::Join(number) => {
                let person = people::customer(&mut self.random, number);
                let customer = customer::create(tx, made(person)?)?;
                self.customers[number] = Some(customer.id);
            }
            Act::Buy(number) => {
                let session = self.open_session(tx, number)?;
                let later = now + self.random.i64(MINUTE_MS..15 * MINUTE_MS);
                // Once they have paid, and so have a card here.
                if self.random.u32(..100) < 20 {
                    let at = later + self.random.i64(HOUR_MS..10 * DAY_MS);
                    self.add(at, Act::Subscribe(number));
                }
                match self.random.u32(..100) {
                    // Left alone, to expire by itself.
                    0..7 => {}
                    7..10 => self.add(later, Act::Expire(session)),
                    10..20 => self.add(
                        later,
                        Act::FailToPay {
                            session,
                            then: by_night(later),
                        },
                    ),
                    _ => self.add(
                        later,
                        Act::Pay {
                            session,
                            timing: None,
                        },
                    ),
                }
            }
            Act::BuyAgain(number) => {
                let charge = json!({
                    "amount": self.amount(), "currency": "GBP",
                    "customer": self.customers[number], "metadata": self.order(),
                });
                let timing = by_night(now);
                match payment_flow::create(tx, made(charge)?, timing) {
                    Ok(payment) => self.follow_up(now, &payment),
                    // No card kept yet: through the checkout, like the first time.
                    Err(error) if error.kind == Kind::Invalid => {
                        return self.step(tx, Act::Buy(number));
                    }
                    Err(error) => return Err(error),
                }
            }
            Act::Pay { session, timing } => {
                let card = self.card(tx, GOOD_CARDS)?;
                let timing = timing.unwrap_or_else(|| by_night(now));
                let payment = checkout_session::complete(tx, &session, &card, Some(timing))?;
                self.follow_up(now, &payment);
            }
            Act::FailToPay { session, then } => {
                let card = self.card(tx, BAD_CARDS)?;
                checkout_session::complete(tx, &session, &card, Some(then))?;
                // Most try another card.
                if self.random.u32(..100) < 70 {
                    let later = now + self.random.i64(MINUTE_MS..5 * MINUTE_MS);
                    self.add(
                        later,
                        Act::Pay {
                            session,
                            timing: None,
                        },
                    );
                }
            }
            Act::Expire(session) => {
                checkout_session::expire(tx, &session)?;
            }
            Act::BuyDaily => {
                let joined = self.customers.iter().filter(|id| id.is_some()).count();
                let nth = self.random.usize(..joined.max(1));
                let present = self.customers.iter().enumerate();
                let number = present.filter(|(_, id)| id.is_some()).nth(nth);
                if let Some((number, _)) = number {
                    self.buy_now(tx, number, &GOOD_CARDS[..4], by_night(now))?;
                }
            }
            Act::Refund { payment, part } => {
                let paid: Payment = tx.get(&payment)?;
                let amount = match part {
                    true => Some(paid.amount * i64::from(self.random.u32(2..=8)) / 10),
                    false => None,
                };
                let reason =
                    ["requested_by_customer", "duplicate"][usize::from(self.random.u8(..8) == 0)];
                let asked = json!({ "payment": payment, "amount": amount, "reason": reason });
                refund::create(tx, made(asked)?, None)?;
            }
            Act::BuyAndReturn(number) => {
                let payment = self.buy_now(tx, number, PLAIN_CARD, Timing::Instant)?;
                let asked = json!({ "payment": payment.id, "reason": "requested_by_customer" });
                refund::create(tx, made(asked)?, None)?;
            }
            Act::BuyNow(number, progress) => self.buy_in_flight(tx, number, progress)?,
            Act::RefundLatest => {
                let settled: Vec<Payment> = tx.all_by("state", PaymentState::Settled.name())?;
                let plain = settled.iter().rev().find(|one| one.dispute.is_none());
                if let Some(payment) = plain {
                    let asked = json!({ "payment": payment.id, "amount": payment.amount / 2 });
                    refund::create(tx, made(asked)?, Some(by_night(now)))?;
                }
            }
            other => self.go_on(tx, other)?,
        }
        Ok(())
    }

    /// A step of a subscription or a dispute.
    fn go_on(&mut self, tx: &Tx<'_>, act: Act) -> Result<(), DomainError> {
        let now = tx.now().millis();
        match act {
            Act::Subscribe(number) => {
                let trial = self.random.bool();
                let customer = self.customer(number);
                let id = ongoing::subscribe(tx, &mut self.random, &customer, trial)?;
                let later = now + self.random.i64(5 * DAY_MS..60 * DAY_MS);
                match self.random.u32(..100) {
                    0..20 => self.add(later, Act::CancelAtPeriodEnd(id)),
                    20..28 => self.add(later, Act::Pause(id)),
                    _ => {}
                }
            }
            Act::SubscribeAs(number, shape) => {
                let customer = self.customer(number);
                ongoing::subscribe_as(tx, &mut self.random, &customer, shape)?;
            }
            Act::CancelAtPeriodEnd(id) => drop(subscription::cancel(tx, &id, true)?),
            Act::Pause(id) => drop(subscription::pause(tx, &id)?),
            Act::Dispute(payment) => {
                let id = ongoing::raise(tx, &mut self.random, &payment)?;
                // Some merchants never answer, and lose at the deadline.
                if self.random.u32(..100) < 70 {
                    let later = now + self.random.i64(DAY_MS..9 * DAY_MS);
                    self.add(later, Act::Answer(id));
                }
            }
            Act::DisputeAs(number, stage) => {
                let payment = self.buy_now(tx, number, PLAIN_CARD, Timing::Instant)?;
                ongoing::dispute_as(tx, &mut self.random, &payment, stage)?;
            }
            Act::Answer(id) => {
                ongoing::answer(tx, &id)?;
                let later = now + self.random.i64(5 * DAY_MS..20 * DAY_MS);
                self.add(later, Act::Decide(id));
            }
            Act::Decide(id) => {
                let won = self.random.bool();
                ongoing::decide(tx, &id, won)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A payment of the last hour, which is still on its way now.
    fn buy_in_flight(
        &mut self,
        tx: &Tx<'_>,
        number: usize,
        progress: Progress,
    ) -> Result<(), DomainError> {
        let steps = |settling_ms| Timing::Steps {
            settling_ms,
            settled_ms: OVERNIGHT_MS,
            refund_ms: DAY_MS,
        };
        let good = PLAIN_CARD;
        match progress {
            Progress::Received => self.buy_now(tx, number, good, Timing::Manual)?,
            Progress::Captured => self.buy_now(tx, number, good, steps(OVERNIGHT_MS))?,
            Progress::Settling => self.buy_now(tx, number, good, steps(10 * MINUTE_MS))?,
            Progress::Failed => self.buy_now(tx, number, BAD_CARDS, steps(OVERNIGHT_MS))?,
        };
        Ok(())
    }

    fn buy_now(
        &mut self,
        tx: &Tx<'_>,
        number: usize,
        cards: &[(&str, u32)],
        timing: Timing,
    ) -> Result<Payment, DomainError> {
        let session = self.open_session(tx, number)?;
        let card = self.card(tx, cards)?;
        checkout_session::complete(tx, &session, &card, Some(timing))
    }

    fn open_session(&mut self, tx: &Tx<'_>, number: usize) -> Result<String, DomainError> {
        let wanted = json!({
            "amount": self.amount(), "currency": "GBP", "customer": self.customers[number],
            "success_url": "https://shop.example/thanks", "cancel_url": "https://shop.example/basket",
            "metadata": self.order(),
        });
        let session = checkout_session::create(tx, made(wanted)?, Timing::default())?;
        Ok(session.id)
    }

    /// The id of a customer; of one who has not come yet, none that exists.
    fn customer(&self, number: usize) -> String {
        self.customers[number].clone().unwrap_or_default()
    }

    /// What may become of a payment days later.
    fn follow_up(&mut self, now: i64, payment: &Payment) {
        let later = now + self.random.i64(2 * DAY_MS..20 * DAY_MS);
        let payment = payment.id.clone();
        match self.random.u32(..100) {
            0..5 => self.add(
                later,
                Act::Refund {
                    payment,
                    part: false,
                },
            ),
            5..9 => self.add(
                later,
                Act::Refund {
                    payment,
                    part: true,
                },
            ),
            9..12 => self.add(later, Act::Dispute(payment)),
            _ => {}
        }
    }

    /// Prices end in 99p; most are small.
    fn amount(&mut self) -> i64 {
        let most = [20, 40, 80, 250][self.random.usize(..4)];
        self.random.i64(4..=most) * 100 - 1
    }

    fn order(&mut self) -> Value {
        json!({ "order_id": format!("ord_{:06}", self.random.u32(..1_000_000)) })
    }

    fn card(&mut self, tx: &Tx<'_>, cards: &[(&str, u32)]) -> Result<TestCard, DomainError> {
        let mut place = self
            .random
            .u32(..cards.iter().map(|(_, weight)| *weight).sum::<u32>());
        let mut number = cards[0].0;
        for (card, weight) in cards {
            number = card;
            if place < *weight {
                break;
            }
            place -= weight;
        }
        let (year, _) = tx.now().year_and_month();
        let (month, year) = (self.random.i64(1..=12), year + self.random.i64(1..=5));
        made(json!({ "number": number, "exp_month": month, "exp_year": year, "cvc": "123" }))
    }
}

/// The pace of a payment made now: sent at the day's cut-off, settled the next morning with all the
/// others of its day.
pub(super) fn by_night(now: i64) -> Timing {
    let into_day = now.rem_euclid(DAY_MS);
    let wait = match CUT_OFF_MS - into_day {
        wait if wait > 0 => wait,
        wait => wait + DAY_MS,
    };
    Timing::Steps {
        settling_ms: wait,
        settled_ms: OVERNIGHT_MS,
        refund_ms: DAY_MS,
    }
}

/// Parameters as the domain wants them.
pub(super) fn made<T: DeserializeOwned>(parameters: Value) -> Result<T, DomainError> {
    serde_json::from_value(parameters).map_err(DomainError::internal)
}

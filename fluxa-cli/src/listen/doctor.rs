//! Owns finding out why a target refuses a signature: by sending the refused event again, signed
//! each time as likely mistakes would have it. What the target then accepts names the mistake.
//!
//! The bytes of the body and the event's id stay the same; the signature alone varies. Only targets
//! on this machine are asked, sixteen times at most, and a cause is told once.

mod candidate;
mod cause;
mod examination;

use std::collections::HashMap;
use std::sync::Arc;

use fluxa_sdk::SecretText;
use serde::Serialize;

use super::Incoming;
use super::forwarder::{Answer, Forwarder, is_loopback};
use super::signer::Signer;
use crate::alteration::Alteration;
pub(crate) use cause::Cause;
use examination::{Examination, Learned, is_refusal};

/// How often a target is examined, at most.
const EXAMINATIONS: u32 = 3;

/// Why a target refuses what is sent to it. Part of the NDJSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Diagnosis {
    pub(crate) event: String,
    pub(crate) target: String,
    /// The status it refused with.
    pub(crate) status: u16,
    pub(crate) cause: Cause,
    /// What became of the body, when that is the cause or one of two.
    pub(crate) alteration: Option<Alteration>,
    /// The cause in words.
    pub(crate) message: String,
    /// What to change.
    pub(crate) fix: Vec<String>,
    /// How often the event was sent again to find out.
    pub(crate) probes: u32,
    /// Whether the target accepted it on the way: then it has now handled the event.
    pub(crate) accepted: bool,
}

/// Decides which refusals to look into.
pub(crate) struct Doctor {
    signer: Arc<Signer>,
    secret: SecretText,
    /// What the environment says the secret is, when it is another one.
    other_secret: Option<SecretText>,
    /// The command that prints the secret.
    print_secret: String,
    patients: HashMap<usize, Patient>,
}

#[derive(Default)]
struct Patient {
    examinations: u32,
    /// Whether anything changed since the last one.
    recovered: bool,
    told: Vec<(Cause, Option<Alteration>)>,
}

impl Doctor {
    pub(crate) fn new(
        secret: SecretText,
        other_secret: Option<SecretText>,
        print_secret: String,
    ) -> Self {
        Self {
            signer: Arc::new(Signer::new(secret.clone())),
            other_secret: other_secret.filter(|other| other.expose() != secret.expose()),
            secret,
            print_secret,
            patients: HashMap::new(),
        }
    }

    /// Notes an answer. Returns whether it is worth finding out why.
    pub(crate) fn wants(&mut self, target: usize, forwarder: &Forwarder, answer: &Answer) -> bool {
        if answer.is_success() {
            if let Some(patient) = self.patients.get_mut(&target) {
                patient.recovered = true;
            }
            return false;
        }
        let refused = answer.status.as_ref().is_some_and(is_refusal);
        if !refused || !is_loopback(forwarder.target()) {
            return false;
        }
        let patient = self.patients.entry(target).or_default();
        let wanted =
            patient.examinations == 0 || (patient.recovered && patient.examinations < EXAMINATIONS);
        patient.examinations += u32::from(wanted);
        patient.recovered &= !wanted;
        wanted
    }

    /// Returns whether a diagnosis is new.
    pub(crate) fn is_news(&mut self, target: usize, diagnosis: &Diagnosis) -> bool {
        let told = &mut self.patients.entry(target).or_default().told;
        let cause = (diagnosis.cause, diagnosis.alteration);
        let new = !told.contains(&cause);
        told.extend(new.then_some(cause));
        new
    }

    /// Finds out why a target refused an event.
    pub(crate) fn examine(
        &self,
        event: Incoming,
        forwarder: Arc<Forwarder>,
        status: u16,
    ) -> impl Future<Output = Diagnosis> + Send + use<> {
        Examination {
            signer: Arc::clone(&self.signer),
            secret: self.secret.clone(),
            other_secret: self.other_secret.clone(),
            print_secret: self.print_secret.clone(),
            event,
            forwarder,
            probes: 0,
            learned: Learned::default(),
        }
        .run(status)
    }
}

#[cfg(test)]
mod tests;

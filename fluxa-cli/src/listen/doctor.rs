//! Owns finding out why a target refuses a signature: by sending the refused event again, signed
//! each time as one likely mistake would have it. What the target then accepts names the mistake.
//!
//! The bytes of the body and the event's id stay the same; the signature alone varies. Only targets
//! on this machine are asked, sixteen times at most, and a cause is told once.

mod cause;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use fluxa_sdk::{SecretText, contract, webhooks};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;

use super::Incoming;
use super::forwarder::{Answer, Forwarder, is_loopback};
use super::signer::{Signer, delivery_id};
use crate::alteration::{Alteration, alterations};
pub(crate) use cause::Cause;
use cause::in_words;

/// The most questions asked of a target at a time.
const PROBES: u32 = 16;

/// How long all questions together may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a target is examined, at most.
const EXAMINATIONS: u32 = 3;

/// The clocks of one machine and its containers agree within this.
const CLOCK_NOISE_SECONDS: i64 = 5;

/// Why a target refuses what is sent to it. Part of the NDJSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Diagnosis {
    pub(crate) event: String,
    pub(crate) target: String,
    /// The status it refused with.
    pub(crate) status: u16,
    pub(crate) cause: Cause,
    /// What became of the body, when that is the cause.
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
    pub(crate) fn new(secret: SecretText, other_secret: Option<SecretText>) -> Self {
        Self {
            signer: Arc::new(Signer::new(secret.clone())),
            other_secret: other_secret.filter(|other| other.expose() != secret.expose()),
            secret,
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
        if !matches!(answer.status, Some(400 | 401 | 403)) || !is_loopback(forwarder.target()) {
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
        let examination = Examination {
            signer: Arc::clone(&self.signer),
            secret: self.secret.clone(),
            other_secret: self.other_secret.clone(),
            event,
            forwarder,
            probes: 0,
        };
        examination.run(status)
    }
}

/// One event, one target.
struct Examination {
    signer: Arc<Signer>,
    secret: SecretText,
    other_secret: Option<SecretText>,
    event: Incoming,
    forwarder: Arc<Forwarder>,
    probes: u32,
}

impl Examination {
    async fn run(mut self, status: u16) -> Diagnosis {
        let found = tokio::time::timeout(PATIENCE, self.find()).await;
        let (cause, alteration, skew) = found.unwrap_or((Cause::Unknown, None, 0));
        let (message, fix) = in_words(cause, alteration, skew, self.other_secret.is_some());
        Diagnosis {
            event: self.event.id,
            target: self.forwarder.target().to_string(),
            status,
            cause,
            alteration,
            message,
            fix,
            probes: self.probes,
            accepted: cause != Cause::Unknown,
        }
    }

    /// Asks until something is accepted. Returns also by how many seconds the target's clock is
    /// ahead.
    async fn find(&mut self) -> (Cause, Option<Alteration>, i64) {
        let now = || Timestamp::now().as_second();
        let secret = self.secret.clone();
        let body = self.event.body.clone();
        // The same again: what is accepted by chance must not be taken for a cure.
        let (accepted, clock) = self.ask(secret.expose().as_bytes(), now(), &body).await;
        let skew = clock.map_or(0, |clock| clock - now());
        if accepted {
            return (Cause::NotRepeated, None, skew);
        }
        if let Some(other) = self.other_secret.clone()
            && self.ask(other.expose().as_bytes(), now(), &body).await.0
        {
            return (Cause::OtherSecret, None, skew);
        }
        let text = secret.expose().as_bytes();
        if skew.abs() > CLOCK_NOISE_SECONDS && self.ask(text, now() + skew, &body).await.0 {
            return (Cause::ClockSkew, None, skew);
        }
        let bare = secret
            .expose()
            .trim_start_matches(contract::WEBHOOK_SECRET_PREFIX);
        let decoded = BASE64
            .decode(bare.trim_end_matches('='))
            .unwrap_or_default();
        for (cause, key) in [
            (Cause::SecretWithoutPrefix, bare.as_bytes()),
            (Cause::SecretWithNewline, &[text, b"\n"].concat()),
            (Cause::SecretDecoded, &decoded),
        ] {
            if !key.is_empty() && self.ask(key, now(), &body).await.0 {
                return (cause, None, skew);
            }
        }
        if self.ask(text, now() * 1_000, &body).await.0 {
            return (Cause::Milliseconds, None, skew);
        }
        if self.put(&without_time(text, now(), &body)).await.0 {
            return (Cause::TimeNotSigned, None, skew);
        }
        for (alteration, altered) in alterations(&body) {
            if self.probes < PROBES && self.ask(text, now(), &altered).await.0 {
                return (Cause::BodyAltered, Some(alteration), skew);
            }
        }
        (Cause::Unknown, None, skew)
    }

    /// Sends the event with a signature over `signed`. Returns whether it was accepted, and the
    /// target's clock.
    async fn ask(&mut self, key: &[u8], at: i64, signed: &[u8]) -> (bool, Option<i64>) {
        self.put(&webhooks::sign(key, at, signed)).await
    }

    /// Sends the event with this signature.
    async fn put(&mut self, signature: &str) -> (bool, Option<i64>) {
        self.probes += 1;
        let headers = self
            .signer
            .headers_with(&self.event, &delivery_id(), signature);
        let (answer, date) = self.forwarder.probe(headers, self.event.body.clone()).await;
        let clock = date.and_then(|date| {
            let date = jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok()?;
            Some(date.timestamp().as_second())
        });
        (answer.is_success(), clock)
    }
}

/// Returns the signature that a target expects which leaves the time out of it.
fn without_time(key: &[u8], at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key of HMAC");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    format!("t={at},v1={digest:x}")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode, header};
    use axum::response::IntoResponse;
    use fluxa_sdk::webhooks::{SignatureError, Verifier};

    use super::super::forwarder::Manner;
    use super::*;

    const SECRET: &str = "whsec_ZG9jdG9yISE";

    /// What a server does wrong.
    #[derive(Clone, Copy)]
    enum Mistake {
        Secret(&'static str),
        Body(fn(&[u8]) -> Vec<u8>),
        Clock(i64),
        Decodes,
        LeavesTimeOut,
        Milliseconds,
        /// Refuses everything, whatever the signature.
        Everything,
        /// Does nothing wrong now.
        None,
    }

    async fn verify(
        State(mistake): State<Mistake>,
        headers: HeaderMap,
        body: Bytes,
    ) -> impl IntoResponse {
        let (secret, ahead) = match mistake {
            Mistake::Secret(secret) => (secret, 0),
            Mistake::Clock(ahead) => (SECRET, ahead),
            _ => (SECRET, 0),
        };
        let body = match mistake {
            Mistake::Body(alter) => Bytes::from(alter(&body)),
            _ => body,
        };
        let clock = Timestamp::from_second(Timestamp::now().as_second() + ahead).unwrap();
        let value = headers[contract::SIGNATURE].to_str().unwrap();
        let good = match mistake {
            // The SDK takes no such secret, and makes none of these mistakes.
            Mistake::Secret(secret) if secret.ends_with('\n') => {
                webhooks::sign(secret.as_bytes(), time_of(value), &body) == value
            }
            Mistake::Decodes => webhooks::sign(b"doctor!!", time_of(value), &body) == value,
            Mistake::LeavesTimeOut => {
                without_time(SECRET.as_bytes(), time_of(value), &body) == value
            }
            Mistake::Milliseconds => {
                webhooks::sign(SECRET.as_bytes(), time_of(value), &body) == value
                    && Timestamp::now().as_millisecond().abs_diff(time_of(value)) < 300_000
            }
            _ => matches!(
                Verifier::new(secret)
                    .unwrap()
                    .verify_received_at(&body, value, clock),
                Ok(_) | Err(SignatureError::NotAnEvent)
            ),
        };
        let status = match good && !matches!(mistake, Mistake::Everything) {
            true => StatusCode::OK,
            false => StatusCode::BAD_REQUEST,
        };
        let date = jiff::fmt::rfc2822::to_string(&clock.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        (status, [(header::DATE, date.replace("+0000", "GMT"))])
    }

    fn time_of(value: &str) -> i64 {
        value[2..].split(',').next().unwrap().parse().unwrap()
    }

    async fn target(mistake: Mistake) -> Arc<Forwarder> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(verify).with_state(mistake);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Arc::new(Forwarder::new(url.parse().unwrap(), &Manner::default()).unwrap())
    }

    async fn diagnosis(mistake: Mistake) -> Diagnosis {
        let doctor = Doctor::new(SECRET.into(), Some("whsec_environment".into()));
        let event = Incoming::for_test("evt_1", "payment.settled", "pay_é/1");
        doctor.examine(event, target(mistake).await, 400).await
    }

    #[tokio::test]
    async fn each_mistake_is_found_by_what_the_target_then_accepts() {
        let body = |alter| Mistake::Body(alter);
        for (mistake, cause, alteration) in [
            (
                Mistake::Secret("whsec_environment"),
                Cause::OtherSecret,
                None,
            ),
            (
                Mistake::Secret("ZG9jdG9yISE"),
                Cause::SecretWithoutPrefix,
                None,
            ),
            (
                Mistake::Secret("whsec_ZG9jdG9yISE\n"),
                Cause::SecretWithNewline,
                None,
            ),
            (Mistake::Decodes, Cause::SecretDecoded, None),
            (Mistake::LeavesTimeOut, Cause::TimeNotSigned, None),
            (Mistake::Milliseconds, Cause::Milliseconds, None),
            (Mistake::Clock(1_000), Cause::ClockSkew, None),
            (Mistake::Clock(-1_000), Cause::ClockSkew, None),
            (Mistake::None, Cause::NotRepeated, None),
            (Mistake::Everything, Cause::Unknown, None),
            (
                body(|body| [body, b"\n"].concat()),
                Cause::BodyAltered,
                Some(Alteration::NewlineAdded),
            ),
            (
                body(|_| Vec::new()),
                Cause::BodyAltered,
                Some(Alteration::Empty),
            ),
            (
                body(|_| b"[object Object]".to_vec()),
                Cause::BodyAltered,
                Some(Alteration::ParsedObject),
            ),
            (
                // The last that is tried: the number of questions is enough for all.
                body(|body| alterations(body).pop().unwrap().1),
                Cause::BodyAltered,
                Some(Alteration::Sorted),
            ),
        ] {
            let found = diagnosis(mistake).await;
            assert_eq!(
                (found.cause, found.alteration),
                (cause, alteration),
                "{found:?}"
            );
            assert_eq!(found.accepted, cause != Cause::Unknown);
            assert!(found.probes <= PROBES && !found.fix.is_empty(), "{found:?}");
            assert!(!format!("{found:?}").contains("whsec_environment"));
        }
    }

    #[tokio::test]
    async fn only_refusals_on_this_machine_are_looked_into_and_each_once() {
        let answer = |status| Answer {
            status: Some(status),
            error: None,
            duration: Duration::ZERO,
        };
        let here = target(Mistake::None).await;
        let manner = Manner::default();
        let away = Forwarder::new("http://example.test/".parse().unwrap(), &manner).unwrap();
        let mut doctor = Doctor::new(SECRET.into(), None);
        for status in [200, 302, 404, 500] {
            assert!(!doctor.wants(0, &here, &answer(status)), "{status}");
        }
        assert!(!doctor.wants(1, &away, &answer(400)));
        assert!(doctor.wants(0, &here, &answer(401)));
        assert!(!doctor.wants(0, &here, &answer(401)));
        // After it has worked again there may be another cause; not for ever.
        for _ in 1..EXAMINATIONS {
            doctor.wants(0, &here, &answer(200));
            assert!(doctor.wants(0, &here, &answer(400)));
        }
        doctor.wants(0, &here, &answer(200));
        assert!(!doctor.wants(0, &here, &answer(400)));
        let found = diagnosis(Mistake::None).await;
        assert!(doctor.is_news(0, &found) && !doctor.is_news(0, &found));
        assert!(doctor.is_news(1, &found));
    }
}

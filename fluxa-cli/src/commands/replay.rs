//! `fluxa replay`: a recording of `listen`, sent again byte for byte.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use fluxa_sdk::{SecretText, contract};
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Context, listen, mock};
use crate::cli::{ReplayArguments, Speed};
use crate::connection;
use crate::env;
use crate::error::{CliError, Result};
use crate::listen::Incoming;
use crate::listen::filter::Filter;
use crate::listen::forwarder::{Manner, parse_headers};
use crate::listen::record::{self, Recorded};
use crate::listen::report::{Report, short};
use crate::listen::signer::{Signer, delivery_id};
use crate::listen::targets::Targets;
use crate::listen::{ListenEvent, Summary, millis, milliseconds};
use crate::signals::interrupted;

/// What of a recording's headers is sent again: those that the contract gives a delivery. What else
/// stands there somebody wrote into the file, which may come from anywhere.
const SENT_AGAIN: [&str; 5] = [
    "content-type",
    "user-agent",
    contract::EVENT,
    contract::DELIVERY_ID,
    contract::SIGNATURE,
];

pub(crate) async fn run(context: &Context, arguments: ReplayArguments) -> Result<()> {
    let filter = Filter::parse(&arguments.events)?;
    let manner = Manner {
        timeout: arguments.timeout,
        headers: parse_headers(&arguments.header)?,
        skip_verify: arguments.skip_verify,
    };
    let targets = Targets::parse(&arguments.forward_to, &[], &manner)?;
    listen::warn_of_public_targets(context, &targets, &manner);
    let (events, re_sign) = match Source::of(&arguments.what)? {
        Source::Recording(file) => (recorded(context, file, &filter)?, arguments.re_sign),
        Source::Events(ids) => (read(context, &ids, &filter).await?, true),
    };
    let secret = match re_sign {
        true => Some(secret(context, &filter).await?),
        false => None,
    };
    if secret.is_none() {
        warn_of_old_signatures(context, &events)?;
    }
    for target in listen::absent(&targets).await {
        context.ui.warn(&format!("nothing listens at {target}"));
    }
    let report = Report::new(&context.ui, String::new(), targets.iter().count());
    let signer = secret.as_ref().map(|secret| Signer::new(secret.clone()));
    let mut summary = Summary {
        events: events.len() as u64,
        ..Summary::default()
    };
    let started = Instant::now();
    let mut refused = false;
    let stopped = tokio::select! {
        sent = send(&events, &targets, signer.as_ref(), arguments.speed, &mut summary, &report) => {
            refused = sent?;
            false
        }
        _ = interrupted() => true,
    };
    summary.unfinished = summary.events - summary.delivered - summary.failed;
    summary.duration_ms = millis(started.elapsed());
    let (failed, total) = (summary.failed, summary.events);
    report.show(&ListenEvent::Summary(summary))?;
    match (stopped, failed) {
        (true, _) => Err(CliError::interrupted()),
        (false, 0) => Ok(()),
        (false, failed) => {
            let error = CliError::endpoint(format!("{failed} of {total} events not delivered"));
            Err(match re_sign || !refused {
                true => error,
                false => error.hint("were they refused for their old signature? --re-sign"),
            })
        }
    }
}

/// Where the events come from.
enum Source<'a> {
    Recording(&'a Path),
    Events(Vec<&'a str>),
}

impl<'a> Source<'a> {
    fn of(what: &'a [OsString]) -> Result<Self> {
        let is_event = |id: &&str| {
            let rest = id.strip_prefix(contract::prefix::EVENT).unwrap_or_default();
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let ids: Vec<&str> = what.iter().filter_map(|one| one.to_str()).collect();
        let events: Vec<&str> = ids.iter().copied().filter(is_event).collect();
        match what {
            _ if events.len() == what.len() => Ok(Self::Events(events)),
            [file] => Ok(Self::Recording(Path::new(file))),
            _ => Err(CliError::usage("either one recording, or ids of events")
                .hint("the id of an event starts with evt_: `fluxa events list` shows them")),
        }
    }
}

/// Returns events as the API has them now, in the order of their ids on the command line.
async fn read(context: &Context, ids: &[&str], filter: &Filter) -> Result<Vec<Recorded>> {
    let client = connection::client(&context.settings)?;
    let mut events = Vec::new();
    for id in ids {
        let answer = client.raw("GET", &format!("/events/{id}")).await;
        let answer = answer
            .map_err(CliError::from)
            .map_err(connection::with_reach_hint(&context.settings))?;
        let body = answer.into_inner().to_string();
        let event = Incoming::parse(body.into())
            .map_err(|why| CliError::failure(format!("{id} is no event: {why}")))?;
        let headers = None;
        let at = Timestamp::now();
        events.push(Recorded { at, event, headers });
    }
    events.retain(|one| filter.wants(&one.event.event_type));
    if events.is_empty() {
        return Err(CliError::failure("none of these events is of these types"));
    }
    Ok(events)
}

/// Returns the events of a recording that are wanted.
fn recorded(context: &Context, file: &Path, filter: &Filter) -> Result<Vec<Recorded>> {
    let (mut events, is_torn) = record::read(file)?;
    if is_torn {
        context.ui.warn(&format!(
            "the last line of {} was cut off, by a kill or a full disk: it is left out",
            file.display()
        ));
    }
    let recorded = events.len();
    events.retain(|one| filter.wants(&one.event.event_type));
    if events.is_empty() {
        let what = match recorded {
            0 => "it has no events",
            _ => "none of its events is of these types",
        };
        let file = file.display();
        return Err(CliError::failure(format!(
            "nothing to replay in {file}: {what}"
        )));
    }
    Ok(events)
}

/// Returns what to sign with: what the server on this machine was told, else the secret of the key.
async fn secret(context: &Context, filter: &Filter) -> Result<SecretText> {
    if let Some(secret) = env::text(env::WEBHOOK_SECRET) {
        return Ok(secret.into());
    }
    let _mock = match context.settings.mock {
        true => mock::start_if_absent(context).await?,
        false => None,
    };
    let client = connection::client(&context.settings).map_err(|error| match error.hint {
        Some(_) => error.context(format!("no secret in {} to sign with", env::WEBHOOK_SECRET)),
        None => error,
    })?;
    let session = listen::open_session(&client, filter).await;
    let session = session.map_err(connection::with_reach_hint(&context.settings))?;
    Ok(session.secret)
}

/// Says that signatures are older than servers accept, and refuses events that have none.
fn warn_of_old_signatures(context: &Context, events: &[Recorded]) -> Result<()> {
    if let Some(unsigned) = events.iter().find(|one| one.headers.is_none()) {
        let id = &unsigned.event.id;
        return Err(CliError::failure(format!(
            "{id} was recorded and never sent: it has no signature"
        ))
        .hint("--re-sign signs it now"));
    }
    let oldest = events.iter().map(|one| one.at).min();
    let age = oldest.map_or(0, |oldest| {
        Timestamp::now().as_second() - oldest.as_second()
    });
    let age = Duration::from_secs(age.unsigned_abs());
    if age > contract::WEBHOOK_TOLERANCE {
        context.ui.warn(&format!(
            "the signatures are up to {} old, and servers refuse them after {}: --re-sign signs anew",
            short(age),
            short(contract::WEBHOOK_TOLERANCE)
        ));
    }
    Ok(())
}

/// Sends every event once to each target, one event after the other. Returns whether a target refused
/// one as it refuses a signature.
async fn send(
    events: &[Recorded],
    targets: &Targets,
    signer: Option<&Signer>,
    speed: Speed,
    summary: &mut Summary,
    report: &Report<'_>,
) -> Result<bool> {
    let started = tokio::time::Instant::now();
    let mut refused = false;
    let first = events.first().map(|one| one.at).unwrap_or_default();
    for one in events {
        if let Speed::Times(times) = speed {
            match due(one.at, first, times).and_then(|after| started.checked_add(after)) {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
        let (headers, delivery) = headers(one, signer);
        let attempts = targets.iter().map(async |target| {
            let answer = target
                .forwarder
                .post(headers.clone(), one.event.body.clone());
            (target.forwarder.target().to_string(), answer.await)
        });
        let mut all_well = true;
        for (target, answer) in join_all(attempts).await {
            let ok = answer.is_success();
            all_well &= ok;
            refused |= matches!(answer.status, Some(400 | 401 | 403));
            if !ok {
                summary.gave_up(&one.event.id, &target);
            }
            report.show(&ListenEvent::Delivery {
                event: one.event.id.clone(),
                event_type: one.event.event_type.clone(),
                object: one.event.object.clone(),
                target,
                delivery: delivery.clone(),
                attempt: 1,
                ok,
                status: answer.status,
                error: answer.error,
                duration_ms: milliseconds(answer.duration),
                last: true,
                chaos: None,
            })?;
        }
        match all_well {
            true => summary.delivered += 1,
            false => summary.failed += 1,
        }
        let of_type = summary.by_type.entry(one.event.event_type.clone());
        *of_type.or_default() += 1;
    }
    Ok(refused)
}

/// Returns how long after the first event one is due at a pace. `None` is later than any clock can
/// say: a recording of weeks, at a thousandth of its pace.
fn due(at: Timestamp, first: Timestamp, times: f64) -> Option<Duration> {
    // Clocks are set back; what came earlier than the first is due at once.
    let after = Duration::try_from(at.duration_since(first)).unwrap_or_default();
    Duration::try_from_secs_f64(after.as_secs_f64() / times).ok()
}

/// Returns the headers of an event as they were, but for a new signature where one is wanted; and
/// the id of the delivery.
fn headers(one: &Recorded, signer: Option<&Signer>) -> (HeaderMap, String) {
    let mut headers = HeaderMap::new();
    for (name, value) in one.headers.iter().flatten() {
        if !SENT_AGAIN.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    let old_id = headers.get(contract::DELIVERY_ID);
    let delivery = old_id.and_then(|id| Some(id.to_str().ok()?.to_owned()));
    let delivery = delivery.unwrap_or_else(delivery_id);
    if let Some(signer) = signer {
        headers.extend(signer.headers(&one.event, &delivery));
    }
    (headers, delivery)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_recordings_headers_those_of_the_contract_are_sent_again() {
        let recorded = |headers: &[(&str, &str)]| Recorded {
            at: Timestamp::UNIX_EPOCH,
            event: Incoming::for_test("evt_1", "payment.settled", "pay_1"),
            headers: Some(
                headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
        };
        let one = recorded(&[
            ("x-fluxa-signature", "t=1,v1=a"),
            ("X-Fluxa-Delivery-Id", "dlv_1"),
            ("Content-Type", "application/json"),
            ("Authorization", "Bearer sk_test_of_somebody"),
            ("cookie", "session=1"),
            ("host", "elsewhere"),
        ]);
        let (headers, delivery) = headers(&one, None);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["content-type", "x-fluxa-delivery-id", "x-fluxa-signature"]
        );
        assert_eq!(delivery, "dlv_1");
    }

    #[test]
    fn events_are_due_at_their_pace() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(due(at(110), at(100), 1.0), Some(Duration::from_secs(10)));
        assert_eq!(
            due(at(110), at(100), 4.0),
            Some(Duration::from_millis(2_500))
        );
        assert_eq!(due(at(90), at(100), 1.0), Some(Duration::ZERO));
        assert_eq!(due(at(4_000_000_000), at(0), 1e-300), None);
    }
}

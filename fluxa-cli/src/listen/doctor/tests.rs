//! Targets that verify wrongly, each in its own way, and what is said of them.

use std::time::Duration;

use fluxa_sdk::contract;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::forwarder::Manner;
use super::examination::PROBES;
use super::*;
use crate::alteration::alterations;

const SECRET: &str = "whsec_ZG9jdG9yISE";
const OTHER: &str = "whsec_environment";
const COMMAND: &str = "fluxa listen --print-secret --mock";

#[derive(Clone, Copy, PartialEq)]
enum Reads {
    All,
    First,
    Last,
}

/// A server that verifies in a way of its own.
#[derive(Clone, Copy)]
struct Target {
    key: &'static [u8],
    alter: fn(&[u8]) -> Vec<u8>,
    reads: Reads,
    signs_time: bool,
    /// By how much what it takes for the time is ahead.
    ahead: i64,
    /// By how much its `Date` is; without one it sends none.
    date: Option<i64>,
    milliseconds: bool,
    takes_future: bool,
    /// What it answers to a good signature.
    answer: u16,
    to_wrong: u16,
    silent: bool,
}

const RIGHT: Target = Target {
    key: SECRET.as_bytes(),
    alter: |body| body.to_vec(),
    reads: Reads::All,
    signs_time: true,
    ahead: 0,
    date: Some(0),
    milliseconds: false,
    takes_future: false,
    answer: 200,
    to_wrong: 400,
    silent: false,
};

impl Target {
    fn takes(&self, header: &str, body: &[u8]) -> bool {
        let (time, signatures) = header.split_once(',').unwrap();
        let at: i64 = time.strip_prefix("t=").unwrap().parse().unwrap();
        let mut signatures: Vec<&str> = signatures.split(',').collect();
        match self.reads {
            Reads::All => {}
            Reads::First => signatures.truncate(1),
            Reads::Last => drop(signatures.drain(..signatures.len() - 1)),
        }
        let body = (self.alter)(body);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key).unwrap();
        if self.signs_time {
            mac.update(format!("{at}.").as_bytes());
        }
        mac.update(&body);
        let expected = format!("v1={:x}", mac.finalize().into_bytes());
        let now = Timestamp::now();
        let age = match self.milliseconds {
            true => now.as_millisecond() - at,
            false => now.as_second() + self.ahead - at,
        };
        let is_timely = age <= 300 && (self.takes_future || age >= -300);
        is_timely && signatures.contains(&expected.as_str())
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        let head_ends = |read: &[u8]| read.windows(4).position(|four| four == b"\r\n\r\n");
        while head_ends(&read).is_none() {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let end = head_ends(&read).unwrap() + 4;
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let header = |wanted: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.unwrap().1.to_owned()
        };
        let length: usize = header("content-length").parse().unwrap();
        while read.len() < end + length {
            stream.read_buf(&mut read).await.unwrap();
        }
        if self.silent {
            return std::future::pending().await;
        }
        let status = match self.takes(&header(contract::SIGNATURE), &read[end..]) {
            true => self.answer,
            false => self.to_wrong,
        };
        let date = self.date.map_or_else(String::new, |ahead| {
            let clock = Timestamp::from_second(Timestamp::now().as_second() + ahead).unwrap();
            let clock = clock.to_zoned(jiff::tz::TimeZone::UTC);
            let clock = jiff::fmt::rfc2822::to_string(&clock).unwrap();
            format!("date: {}\r\n", clock.replace("+0000", "GMT"))
        });
        let answer =
            format!("HTTP/1.1 {status} X\r\n{date}content-length: 0\r\nconnection: close\r\n\r\n");
        // The client may have gone: then nobody minds.
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    async fn start(self) -> Arc<Forwarder> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.serve(stream));
            }
        });
        Arc::new(Forwarder::new(url.parse().unwrap(), &Manner::default()).unwrap())
    }

    async fn examined(self) -> Diagnosis {
        let doctor = Doctor::new(SECRET.into(), Some(OTHER.into()), COMMAND.to_owned());
        let event = Incoming::for_test("evt_1", "payment.settled", "pay_é/1");
        let diagnosis = doctor.examine(event, self.start().await, 400).await;
        assert!(diagnosis.probes <= PROBES && !diagnosis.fix.is_empty());
        assert!(!format!("{diagnosis:?}").contains(OTHER));
        diagnosis
    }
}

fn with_line_feed(body: &[u8]) -> Vec<u8> {
    [body, b"\n"].concat()
}

/// The last that is tried.
fn sorted(body: &[u8]) -> Vec<u8> {
    alterations(body).pop().unwrap().1
}

fn spaced(body: &[u8]) -> Vec<u8> {
    let found = alterations(body);
    let spaced = |(alteration, _): &&(Alteration, Vec<u8>)| *alteration == Alteration::Spaced;
    found.iter().find(spaced).unwrap().1.clone()
}

#[tokio::test]
async fn each_mistake_is_found_by_what_the_target_then_accepts() {
    let key = |key| Target { key, ..RIGHT };
    let body = |alter| Target { alter, ..RIGHT };
    let clock = |ahead| Target {
        ahead,
        date: Some(ahead),
        ..RIGHT
    };
    for (target, cause, alteration) in [
        (RIGHT, Cause::NotRepeated, None),
        (key(OTHER.as_bytes()), Cause::OtherSecret, None),
        (key(b"ZG9jdG9yISE"), Cause::SecretWithoutPrefix, None),
        (key(b"whsec_ZG9jdG9yISE\n"), Cause::SecretWithNewline, None),
        (key(b"doctor!!"), Cause::SecretDecoded, None),
        (
            Target {
                signs_time: false,
                ..RIGHT
            },
            Cause::TimeNotSigned,
            None,
        ),
        (
            Target {
                milliseconds: true,
                ..RIGHT
            },
            Cause::Milliseconds,
            None,
        ),
        (clock(1_000), Cause::ClockSkew, None),
        (clock(-1_000), Cause::ClockSkew, None),
        (
            body(with_line_feed),
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
        (body(sorted), Cause::BodyAltered, Some(Alteration::Sorted)),
    ] {
        let found = target.examined().await;
        assert_eq!(
            (found.cause, found.alteration),
            (cause, alteration),
            "{found:?}"
        );
        assert!(found.accepted);
    }
}

#[tokio::test]
async fn a_target_that_looks_at_one_signature_alone_is_found_out_too() {
    for reads in [Reads::First, Reads::Last] {
        let reading = Target { reads, ..RIGHT };
        let other = Target {
            key: OTHER.as_bytes(),
            ..reading
        };
        assert_eq!(other.examined().await.cause, Cause::OtherSecret);
        let bare = Target {
            key: b"ZG9jdG9yISE",
            ..reading
        };
        assert_eq!(bare.examined().await.cause, Cause::SecretWithoutPrefix);
        let again = Target {
            alter: spaced,
            ..reading
        };
        let found = again.examined().await;
        assert_eq!(found.alteration, Some(Alteration::Spaced), "{found:?}");
    }
}

#[tokio::test]
async fn two_mistakes_at_once_are_both_told() {
    let both = Target {
        key: OTHER.as_bytes(),
        alter: spaced,
        ..RIGHT
    };
    let found = both.examined().await;
    let both = (Cause::OtherSecret, Some(Alteration::Spaced));
    assert_eq!((found.cause, found.alteration), both);
    assert!(found.message.contains("FLUXA_WEBHOOK_SECRET"), "{found:?}");
    assert!(found.message.contains("json.dumps"), "{found:?}");
    assert!(found.fix[0].contains(COMMAND), "{found:?}");

    let late = Target {
        alter: spaced,
        ahead: -1_000,
        date: Some(-1_000),
        ..RIGHT
    };
    let found = late.examined().await;
    assert_eq!(found.cause, Cause::BodyAltered);
    assert!(found.message.contains("1000 s behind"), "{found:?}");
}

#[tokio::test]
async fn a_wrong_time_is_found_without_a_date_or_beside_a_right_one() {
    for date in [None, Some(0)] {
        for (ahead, takes_future, said) in [
            (3_600, false, "an hour ahead"),
            (-3_600, false, "an hour behind"),
            (-3_700, false, "an hour behind"),
            (4_000, true, "too old"),
            (-3_600, true, ""),
        ] {
            let target = Target {
                ahead,
                takes_future,
                date,
                ..RIGHT
            };
            let found = target.examined().await;
            match said {
                // It takes what is signed now: it is the time that it does not mind.
                "" => assert_eq!(found.cause, Cause::NotRepeated, "{found:?}"),
                said => {
                    assert_eq!(found.cause, Cause::ClockSkew, "{found:?}");
                    assert!(found.message.contains(said), "{found:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_could_not_be_told_is_not_told() {
    let strange = Target {
        ahead: 4_000,
        ..RIGHT
    };
    for (date, said) in [
        (Some(0), "by the Date of its answers its clock is right"),
        (None, "could not be told"),
    ] {
        let found = Target { date, ..strange }.examined().await;
        assert_eq!(found.cause, Cause::Unknown);
        let own = found.message.find("a reason of its own").unwrap();
        let secret = found.message.find("another secret").unwrap();
        assert!(own < secret && found.message.contains(said), "{found:?}");
        assert!(found.fix.iter().any(|line| line.contains(COMMAND)));
        assert!(!found.accepted);
    }
    // It refuses whatever is signed as it should be, and says so in another way.
    let own = Target {
        answer: 403,
        to_wrong: 401,
        ..RIGHT
    };
    let found = own.examined().await;
    assert_eq!(found.cause, Cause::NotTheSignature);
    assert!(found.message.contains("its secret is right"), "{found:?}");
    assert!(!found.accepted);
}

#[tokio::test(start_paused = true)]
async fn an_examination_that_takes_too_long_says_so() {
    let silent = Target {
        silent: true,
        ..RIGHT
    };
    let found = silent.examined().await;
    assert_eq!(found.cause, Cause::Unknown);
    assert!(found.message.contains("the time for them was over"));
}

#[tokio::test]
async fn only_refusals_on_this_machine_are_looked_into_and_each_once() {
    let answer = |status| Answer {
        status: Some(status),
        error: None,
        duration: Duration::ZERO,
    };
    let here = RIGHT.start().await;
    let manner = Manner::default();
    let away = Forwarder::new("http://example.test/".parse().unwrap(), &manner).unwrap();
    let mut doctor = Doctor::new(SECRET.into(), None, COMMAND.to_owned());
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
    let found = RIGHT.examined().await;
    assert!(doctor.is_news(0, &found) && !doctor.is_news(0, &found));
    assert!(doctor.is_news(1, &found));
}

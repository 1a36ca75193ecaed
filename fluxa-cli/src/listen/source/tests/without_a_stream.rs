//! Streams that are not to be had, or of no use: the list is read instead.

use super::super::polling::STREAM_AGAIN;
use super::*;

#[tokio::test(start_paused = true)]
async fn without_a_stream_the_list_is_read_until_there_is_one() {
    for status in [404, 405, 501] {
        let api = Script::new(
            move |opened| match opened {
                0 => Opening::Refused(refusal(status, "route_missing", None)),
                // Everything again, and one more.
                _ => Opening::Stays(vec![CONNECTED, A, B]),
            },
            |listed| match listed {
                0..3 => Ok(vec!["evt_0"]),
                _ => Ok(vec!["evt_0", "evt_a"]),
            },
        );
        let told = Told::by(api).after(Duration::from_secs(5)).await;
        assert_eq!(
            (told.connected, &told.events[..]),
            (1, &["evt_a".into()][..])
        );
        let why = &told.warnings[..];
        assert!(
            why.len() == 1 && why[0].contains(&status.to_string()),
            "{why:?}"
        );
        // Nothing was lost: it began so.
        assert!(told.lost.is_empty() && told.recovered.is_empty());
        let told = told.after(STREAM_AGAIN).await;
        assert_eq!(told.events, ["evt_a", "evt_b"]);
        assert_eq!(told.recovered, [false]);
        assert!(told.failed.is_none() && told.connected == 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_on_which_nothing_comes_gives_way_to_the_list() {
    let silent: fn() -> Opening = || Opening::Stays(vec![]);
    for (opening, begins) in [(silent, true), (|| Opening::Never, false)] {
        let api = Script::new(
            move |_| opening(),
            |_| Ok(vec!["evt_0", "evt_a", "evt_b", "evt_c"]),
        );
        let told = Told::by(api).after(SILENCE + 2 * POLL).await;
        assert_eq!(told.events, ["evt_a", "evt_b", "evt_c"]);
        let why = match begins {
            true => &told.lost[0].0,
            false => &told.warnings[0],
        };
        assert!(why.contains("proxy"), "{why}");
        assert_eq!((told.connected, told.recovered.len()), (1, begins.into()));
        // Tried again and again, it is no better, and nothing comes twice.
        let told = told.after(5 * STREAM_AGAIN).await;
        let times = (told.events.len(), told.lost.len() + told.warnings.len());
        assert_eq!(times, (3, 1));
    }
}

/// An event that is cut off in the middle.
const CUT: &[u8] = b"id: evt_a\ndata: {\"id\":\"evt_a\",";

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_brings_what_it_should_gives_way_to_the_list() {
    for pieces in [
        vec![],
        vec![&b"<html>\n\n<body>log in</body>\n</html>\n"[..]],
        vec![&b": conn"[..]],
        vec![CONNECTED, CUT],
        // Whatever the first one brought.
        vec![CONNECTED],
    ] {
        let api = Script::new(
            move |_| Opening::Ends(pieces.clone()),
            |_| Ok(vec!["evt_0", "evt_a", "evt_b"]),
        );
        let told = Told::by(api).after(Duration::from_secs(5)).await;
        assert_eq!(told.events, ["evt_a", "evt_b"]);
        assert_eq!((told.connected, told.recovered.last()), (1, Some(&true)));
        assert!(told.lost.len() <= 4, "{}", told.lost.len());
        // It is tried again, and each time it is of no use at once.
        let told = told.after(5 * STREAM_AGAIN).await;
        assert_eq!(told.events, ["evt_a", "evt_b"]);
        assert!(told.lost.len() <= 10, "{}", told.lost.len());
        assert!(told.failed.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_and_goes_on_is_no_useless_one() {
    const C: &[u8] = b"id: evt_c\ndata: {\"id\":\"evt_c\",\"type\":\"a.b\"}\n\n";
    let api = Script::new(
        |opened| match opened {
            // One event at a time, as far as the line lets it.
            0 => Opening::Ends(vec![CONNECTED, A, CUT]),
            1 => Opening::Ends(vec![CONNECTED, B, CUT]),
            2 => Opening::Ends(vec![CONNECTED, C]),
            _ => Opening::Ends(vec![CONNECTED]),
        },
        |_| Ok(vec!["evt_0", "evt_a", "evt_b", "evt_c"]),
    );
    let told = Told::by(api).after(Duration::from_secs(60)).await;
    assert_eq!(told.events, ["evt_a", "evt_b", "evt_c"]);
    // Nothing more happens, and nothing more is missing on it.
    assert!(!told.recovered.contains(&true), "{:?}", told.recovered);
}

/// Refused by somebody on the way, not by the API.
fn by_a_stranger(status: u16) -> CliError {
    let mut error = refusal(status, "", None);
    if let Some(api) = &mut error.api {
        api.code = None;
    }
    error
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_alone_cannot_be_had_at_the_start_gives_way_to_the_list() {
    let network = || CliError::network("the answer is no stream of events: text/html");
    for refused in [
        (|| refusal(503, "service_unavailable", None)) as fn() -> CliError,
        || by_a_stranger(502),
        || by_a_stranger(504),
        || by_a_stranger(403),
        || by_a_stranger(302),
        network,
    ] {
        let api = Script::new(
            move |_| Opening::Refused(refused()),
            |_| Ok(vec!["evt_0", "evt_a"]),
        );
        let told = Told::by(api).after(Duration::from_secs(5)).await;
        assert_eq!(
            (told.connected, &told.events[..]),
            (1, &["evt_a".into()][..])
        );
        let error = refused();
        let why = error
            .api
            .map_or(error.message, |api| api.status.to_string());
        assert!(told.warnings[0].contains(&why), "{:?}", told.warnings);
        assert!(told.lost.is_empty() && told.failed.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_api_refuses_for_good_or_as_a_whole_is_an_error_at_the_start() {
    for (refused, kind) in [
        (
            (|| refusal(403, "insufficient_scope", None)) as fn() -> CliError,
            Kind::Auth,
        ),
        (|| refusal(401, "key_revoked", None), Kind::Auth),
        (|| refusal(400, "parameter_invalid", None), Kind::Api),
        // The list is not to be had either.
        (|| by_a_stranger(502), Kind::Network),
        (|| by_a_stranger(403), Kind::Auth),
    ] {
        let api = Script {
            answers: |asked| asked == 0,
            ..Script::new(move |_| Opening::Refused(refused()), |_| Ok(vec![]))
        };
        let told = Told::by(api).after(Duration::from_secs(5)).await;
        assert_eq!(told.failed.map(|error| error.kind), Some(kind));
        assert_eq!(told.connected, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_alone_cannot_be_had_any_more_gives_way_to_the_list() {
    let api = |answers| Script {
        answers,
        ..Script::new(
            |opened| match opened {
                0 => Opening::Ends(vec![CONNECTED]),
                _ => Opening::Refused(by_a_stranger(502)),
            },
            |_| Ok(vec!["evt_0", "evt_a"]),
        )
    };
    let told = Told::by(api(|_| true)).after(Duration::from_secs(5)).await;
    assert_eq!(told.events, ["evt_a"]);
    assert_eq!(told.recovered, [true]);
    // A server that is gone as a whole is waited for.
    let told = Told::by(api(|asked| asked == 0));
    let told = told.after(Duration::from_secs(5)).await;
    assert!(told.events.is_empty() && told.failed.is_none());
    assert!(
        told.lost
            .iter()
            .all(|(reason, ..)| !reason.contains("no stream"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_opened_again_that_keeps_back_what_happened_gives_way_to_the_list() {
    let api = Script::new(
        |opened| match opened {
            0 => Opening::Ends(vec![CONNECTED]),
            _ => Opening::Stays(vec![CONNECTED]),
        },
        |_| Ok(vec!["evt_0", "evt_a"]),
    );
    let told = Told::by(api).after(RECOVERY + 2 * POLL).await;
    assert_eq!(told.events, ["evt_a"]);
    assert_eq!(told.recovered, [true]);
}

#[tokio::test(start_paused = true)]
async fn what_the_stream_garbles_is_read_from_the_list() {
    for garbled in [
        &b"data: {\"id\":\"evt_b\xff\",\"type\":\"a.b\"}\n\n"[..],
        &[b'x'; 3 * 1024 * 1024][..],
    ] {
        let garbled: &'static [u8] = garbled;
        let api = Script::new(
            move |opened| match opened {
                0 => Opening::Stays(vec![CONNECTED, A, garbled, B]),
                _ => Opening::Stays(vec![CONNECTED, garbled]),
            },
            |_| Ok(vec!["evt_0", "evt_a", "evt_b"]),
        );
        // Long before silence would say so.
        let told = Told::by(api).after(Duration::from_secs(5)).await;
        assert_eq!(told.events, ["evt_a", "evt_b"]);
        assert_eq!(told.recovered.last(), Some(&true));
        assert!(told.lost.len() <= 3, "{:?}", told.lost);
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_is_left_alone_too() {
    let seven = Duration::from_secs(7);
    let api = Script::new(
        |_| Opening::Refused(refusal(404, "route_missing", None)),
        move |listed| match listed {
            0 => Err(refusal(429, "rate_limit_exceeded", Some(seven))),
            _ => Ok(vec!["evt_0", "evt_a"]),
        },
    );
    let told = Told::by(api).after(seven - POLL).await;
    assert_eq!((told.connected, told.events.len()), (0, 0));
    let told = told.after(2 * POLL).await;
    assert_eq!((told.connected, told.events.len()), (1, 1));
    // Refused for good, it is over.
    let api = Script::new(
        |_| Opening::Refused(refusal(404, "route_missing", None)),
        |_| Err(refusal(401, "key_revoked", None)),
    );
    let told = Told::by(api).after(POLL).await;
    assert_eq!(told.failed.unwrap().kind, Kind::Auth);
}

#[tokio::test(start_paused = true)]
async fn the_list_of_a_server_that_started_anew_is_read_from_its_first_event() {
    let api = Script::new(
        |_| Opening::Refused(refusal(404, "route_missing", None)),
        |listed| match listed {
            0 => Ok(vec!["evt_0"]),
            _ => Ok(vec!["evt_new", "evt_newer", "evt_newest"]),
        },
    );
    let told = Told::by(api).after(5 * POLL).await;
    assert_eq!(told.events, ["evt_new", "evt_newer", "evt_newest"]);
    let anew = told.warnings.iter().filter(|w| w.contains("started anew"));
    assert_eq!(anew.count(), 1, "{:?}", told.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_goes_round_in_circles_ends_it_with_or_without_a_stream() {
    /// Two pages, each the next of the other, of an account in which nothing had happened.
    struct Circle {
        has_stream: bool,
    }

    impl EventApi for Circle {
        async fn open(&self, _: Option<&str>) -> Result<ByteStream> {
            match self.has_stream {
                true => Ok(stream::pending().boxed()),
                false => Err(refusal(404, "route_missing", None)),
            }
        }

        async fn newest(&self) -> Result<Option<String>> {
            Ok(None)
        }

        async fn page(&self, after: Option<&str>) -> Result<Page> {
            let next = if after == Some("a") { "b" } else { "a" };
            Ok(Page {
                next: Some(next.to_owned()),
                ..Page::default()
            })
        }
    }

    for has_stream in [true, false] {
        let told = Told::from(Circle { has_stream }, Start::Now);
        let error = told.after(POLL).await.failed.unwrap();
        assert!(error.message.contains("circles"), "{error}");
    }
}

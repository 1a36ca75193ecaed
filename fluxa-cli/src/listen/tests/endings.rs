//! How a session ends: after its command, by the clock, by an interrupt, by an error.

use tokio::time::Instant;

use super::super::closing::CLOSING;
use super::*;

/// A command that ended at once, having made these events happen.
fn ended(status: u8, awaited: &[&str]) -> Result<Stop> {
    let awaited = awaited.iter().map(|id| (*id).to_owned()).collect();
    Ok(Stop::Command { status, awaited })
}

async fn interrupt(after: Duration) -> Result<Stop> {
    tokio::time::sleep(after).await;
    Ok(Stop::Interrupted)
}

fn within(seconds: u64) -> Limits {
    Limits {
        within: Some(Duration::from_secs(seconds)),
        max_events: None,
    }
}

/// A session without a target, in which this is expected: nothing but the clock of the test runs.
async fn viewer(script: Script, expectations: &[&str]) -> Pipeline<Script> {
    let expectations = expectations.iter().map(|one| one.parse().unwrap());
    Pipeline {
        targets: Targets::parse(&[], &[], &manner()).unwrap(),
        session: Session {
            goal: Goal::new(expectations.collect(), None, false),
            ..Session::default()
        },
        ..pipeline(script, &Target::default()).await
    }
}

/// One at a target that never answers, and the target's URL.
async fn stuck(script: Script) -> (Pipeline<Script>, String, tokio::net::TcpListener) {
    let hangs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}/", hangs.local_addr().unwrap());
    let targets = Targets::parse(std::slice::from_ref(&hanging), &[], &manner()).unwrap();
    let pipeline = Pipeline {
        targets,
        ..pipeline(script, &Target::default()).await
    };
    (pipeline, hanging, hangs)
}

/// Runs it, for a while at most, and returns what it told too.
async fn run(
    pipeline: Pipeline<Script>,
    stops: impl Stream<Item = Result<Stop>>,
) -> (Result<(Summary, Ended)>, Vec<ListenEvent>) {
    let mut told = Vec::new();
    let running = pipeline.run(stops, |event| {
        told.push(event);
        Ok(())
    });
    let outcome = tokio::time::timeout(Duration::from_secs(600), running).await;
    (outcome.unwrap(), told)
}

#[tokio::test]
async fn the_end_of_a_command_waits_for_what_it_made_happen() {
    // The event comes late: by another stream than the one that is open when the command ends.
    let late = [
        Open::Ends(vec![]),
        Open::Stays(vec![event("evt_late", "pay_1")]),
    ];
    for (opens, awaited, delivered) in [
        (Vec::from(late), &["evt_late"][..], 1),
        // What it had no part in is not waited for.
        (vec![Open::Stays(vec![])], &[], 0),
    ] {
        let script = Script::new(Some("evt_0"), opens);
        let pipeline = pipeline(script, &Target::default()).await;
        let stop = async { ended(3, awaited) };
        let (summary, ended) = run(pipeline, stream::once(stop)).await.0.unwrap();
        assert_eq!(
            (summary.delivered, ended),
            (delivered, Ended::Command(3)),
            "{awaited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_not_waited_for_for_ever_and_said() {
    let script = Script::new(Some("evt_0"), [Open::Stays(vec![])]);
    let began = Instant::now();
    let pipeline = viewer(script, &[]).await;
    let stop = stream::once(async { ended(3, &["evt_lost"]) });
    let (outcome, told) = run(pipeline, stop).await;
    let (_, ended) = outcome.unwrap();
    assert_eq!((began.elapsed(), ended), (CLOSING, Ended::Command(3)));
    let is_said = |event: &ListenEvent| matches!(event, ListenEvent::Warning(said) if said.contains("evt_lost"));
    assert!(told.iter().any(is_said), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_command_that_went_well_expectations_have_as_long_as_within() {
    const LATE: Duration = Duration::from_secs(20);
    for (status, limits, took, met) in [
        (0, within(90), LATE, true),
        (0, within(10), Duration::from_secs(10), false),
        (0, Limits::default(), CLOSING, false),
        (1, within(90), Duration::ZERO, false),
    ] {
        let late = Open::Later(LATE, event("evt_late", "pay_1"));
        let script = Script::new(Some("evt_0"), [late]);
        let pipeline = Pipeline {
            limits,
            ..viewer(script, &["payment.settled=1"]).await
        };
        let (began, stop) = (Instant::now(), stream::once(async { ended(status, &[]) }));
        let (summary, ended) = run(pipeline, stop).await.0.unwrap();
        assert_eq!(
            (ended, began.elapsed(), summary.expectations[0].met),
            (Ended::Command(status), took, met),
            "{status} {limits:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_met_any_more_is_not_waited_for_after_a_command() {
    let stays = Open::Stays(vec![event("evt_a", "pay_1"), event("evt_b", "pay_1")]);
    let script = Script::new(Some("evt_0"), [stays]);
    let pipeline = Pipeline {
        limits: within(90),
        ..viewer(script, &["payment.settled=1", "refund.created=1"]).await
    };
    let stop = stream::once(async { ended(0, &["evt_b"]) });
    let began = Instant::now();
    let (summary, ended) = run(pipeline, stop).await.0.unwrap();
    assert_eq!(
        (began.elapsed(), ended),
        (Duration::ZERO, Ended::Command(0))
    );
    assert_eq!(summary.expectations[0].handled, 2);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_and_the_clock_end_it_at_once_while_the_last_events_are_awaited() {
    for (limits, interrupted_after, how, took) in [
        (within(90), 1, Ended::Stopped, 1),
        (Limits::default(), 1, Ended::Stopped, 1),
        (within(2), 60, Ended::Command(0), 2),
    ] {
        let script = Script::new(Some("evt_0"), [Open::Stays(vec![])]);
        let pipeline = Pipeline {
            limits,
            ..viewer(script, &["payment.settled=1"]).await
        };
        let stops = stream::once(async { ended(0, &["evt_lost"]) });
        let interrupt = interrupt(Duration::from_secs(interrupted_after));
        let began = Instant::now();
        let stops = stops.chain(stream::once(interrupt));
        let (_, ended) = run(pipeline, stops).await.0.unwrap();
        assert_eq!(
            (ended, began.elapsed()),
            (how, Duration::from_secs(took)),
            "{limits:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_and_the_clock_end_it_at_once_while_the_last_events_are_delivered() {
    const GRACE: Duration = Duration::from_millis(500);
    for (limits, interrupted_after, how, took) in [
        (Limits::default(), 1, Ended::Stopped, 1),
        (within(2), 60, Ended::Command(0), 2),
    ] {
        let script = Script::new(Some("evt_0"), [Open::Stays(vec![event("evt_a", "pay_1")])]);
        let (stuck, url, _hangs) = stuck(script).await;
        let pipeline = Pipeline { limits, ..stuck };
        let stops = stream::once(async { ended(0, &["evt_a"]) });
        let interrupt = interrupt(Duration::from_secs(interrupted_after));
        let began = Instant::now();
        let stops = stops.chain(stream::once(interrupt));
        let (summary, ended) = run(pipeline, stops).await.0.unwrap();
        let took = Duration::from_secs(took) + GRACE;
        assert_eq!((ended, began.elapsed()), (how, took), "{limits:?}");
        assert_eq!((summary.events, summary.unfinished), (1, 1));
        let [undelivered] = &summary.undelivered[..] else {
            panic!("{summary:?}");
        };
        assert_eq!(
            (undelivered.event.as_str(), undelivered.target.as_str()),
            ("evt_a", url.as_str())
        );
        assert!(!undelivered.given_up);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_target_events_are_told_and_count_at_once() {
    let bodies = ["evt_a", "evt_b"].map(|id| event(id, "pay_1"));
    let script = Script::new(Some("evt_0"), [Open::Stays(bodies.to_vec())]);
    let viewer = viewer(script, &[]).await;
    let two = ["payment.settled=2".parse().unwrap()];
    let pipeline = Pipeline {
        session: Session {
            goal: Goal::new(two.to_vec(), None, true),
            ..Session::default()
        },
        ..viewer
    };
    let (outcome, told) = run(pipeline, stream::pending()).await;
    let (summary, ended) = outcome.unwrap();
    assert_eq!(ended, Ended::Reached);
    assert_eq!((summary.events, summary.by_type["payment.settled"]), (2, 2));
    assert_eq!((summary.delivered, summary.unfinished), (0, 0));
    assert!(
        matches!(
            &told[..],
            [
                ListenEvent::Ready { .. },
                ListenEvent::Event { .. },
                ListenEvent::Event { .. },
                ListenEvent::Summary(_)
            ]
        ),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_done_before_an_error_is_summed_up_and_before_ready_there_is_nothing() {
    let refused = || Open::Refused(CliError::no_key());
    for (opens, events) in [
        (
            vec![Open::Ends(vec![event("evt_a", "pay_1")]), refused()],
            Some(1),
        ),
        (vec![refused()], None),
    ] {
        let pipeline = viewer(Script::new(Some("evt_0"), opens), &[]).await;
        let (outcome, told) = run(pipeline, stream::pending()).await;
        assert_eq!(outcome.unwrap_err().kind, Kind::Auth);
        let summed_up = match told.last() {
            Some(ListenEvent::Summary(summary)) => Some(summary.events),
            _ => None,
        };
        assert_eq!(summed_up, events, "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_while_events_cannot_be_read_says_so() {
    let gone = || Open::Refused(CliError::network("connection refused"));
    let lost = std::iter::once(Open::Ends(vec![event("evt_a", "pay_1")]));
    let lost = lost.chain(std::iter::repeat_with(gone).take(1_000));
    for (script, warned) in [
        (Script::new(Some("evt_0"), lost), true),
        (Script::new(Some("evt_0"), [Open::Stays(vec![])]), false),
    ] {
        let pipeline = Pipeline {
            limits: within(10),
            ..viewer(script, &[]).await
        };
        let (outcome, told) = run(pipeline, stream::pending()).await;
        assert_eq!(outcome.unwrap().1, Ended::TimeUp);
        let is_warning = |event: &ListenEvent| matches!(event, ListenEvent::Warning(_));
        assert_eq!(told.iter().any(is_warning), warned, "{told:?}");
    }
}

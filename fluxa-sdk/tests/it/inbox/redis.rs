//! The store in Redis, against a real one.

use std::collections::HashSet;
use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{FromRedisValue, cmd};
use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, RedisStore, StoreError};

use super::redis_server::{RedisServer, shared};
use super::stress::{self, Boxed, Stress};

const LONG: Duration = Duration::from_secs(60);
const DAY: i64 = 24 * 60 * 60 * 1000;

async fn claimed(store: &RedisStore, event_id: &str, lease: Duration) -> Lease {
    match store.claim(event_id, lease).await.unwrap() {
        Claim::New(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Claims as soon as the other's lease ends.
async fn claimed_after(store: &RedisStore, event_id: &str, lease: Duration) -> Lease {
    loop {
        match store.claim(event_id, lease).await.unwrap() {
            Claim::New(lease) => return lease,
            Claim::InFlight { remaining } => tokio::time::sleep(remaining).await,
            other => panic!("{other:?}"),
        }
    }
}

/// Sends Redis a command beside the store.
async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(connection).await.unwrap()
}

/// What the error and its causes say.
fn says(error: &StoreError) -> String {
    let cause = error.source().map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

#[tokio::test]
async fn an_event_is_claimed_once_and_done_for_good() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let lease = claimed(&store, "evt_1", LONG).await;
    assert_eq!((lease.event_id(), lease.fence()), ("evt_1", 1));
    match store.claim("evt_1", LONG).await.unwrap() {
        Claim::InFlight { remaining } => assert!(remaining <= LONG && remaining > LONG / 2),
        other => panic!("{other:?}"),
    }
    assert!(store.extend(&lease, LONG).await.unwrap());
    assert!(store.done(&lease).await.unwrap());
    assert!(store.done(&lease).await.unwrap(), "repeating is harmless");
    assert_eq!(store.claim("evt_1", LONG).await.unwrap(), Claim::Done);
    assert!(!store.extend(&lease, LONG).await.unwrap());
    assert!(!store.release(&lease).await.unwrap());
    assert_eq!(store.claim("evt_1", LONG).await.unwrap(), Claim::Done);
    assert_eq!(claimed(&store, "evt_2", LONG).await.fence(), 1);
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_can_do_nothing() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let old = claimed(&store, "evt_1", Duration::from_millis(1)).await;
    let new = claimed_after(&store, "evt_1", LONG).await;
    assert_eq!(new.fence(), 2);
    assert!(!store.done(&old).await.unwrap());
    assert!(!store.extend(&old, LONG).await.unwrap());
    assert!(!store.release(&old).await.unwrap());
    assert!(store.done(&new).await.unwrap());
    assert!(!store.done(&old).await.unwrap());
}

#[tokio::test]
async fn a_lease_that_ran_out_is_refused_though_nobody_took_over() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let lease = claimed(&store, "evt_1", Duration::from_millis(1)).await;
    let ended = Instant::now();
    while ended.elapsed() < Duration::from_millis(5) {
        // The server's time passes while it answers.
        store.claim("evt_other", LONG).await.unwrap();
    }
    assert!(!store.extend(&lease, LONG).await.unwrap());
    assert!(!store.done(&lease).await.unwrap());
    assert!(!store.release(&lease).await.unwrap());
    assert_eq!(claimed(&store, "evt_1", LONG).await.fence(), 2);
}

#[tokio::test]
async fn an_event_given_back_is_anybodys_with_a_higher_fence() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let old = claimed(&store, "evt_1", LONG).await;
    assert!(store.release(&old).await.unwrap());
    assert!(store.release(&old).await.unwrap(), "repeating is harmless");
    assert!(!store.done(&old).await.unwrap());
    assert!(!store.extend(&old, LONG).await.unwrap());
    let new = claimed(&store, "evt_1", LONG).await;
    assert_eq!(new.fence(), 2);
    assert!(!store.release(&old).await.unwrap());
    assert!(store.done(&new).await.unwrap());
}

#[tokio::test]
async fn a_lease_that_is_extended_outlives_its_first_end() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let lease = claimed(&store, "evt_1", Duration::from_secs(5)).await;
    assert!(store.extend(&lease, LONG).await.unwrap());
    match store.claim("evt_1", LONG).await.unwrap() {
        Claim::InFlight { remaining } => assert!(remaining > Duration::from_secs(5)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_claim_at_once_one_gets_it() {
    let Some(server) = shared() else { return };
    let builder = server.builder();
    let mut tasks = Vec::new();
    for _ in 0..50 {
        // A connection each, as fifty replicas would have.
        let (builder, url) = (builder.clone(), server.url());
        tasks.push(tokio::spawn(async move {
            let store = builder.connect(&url).await.unwrap();
            let mut won = Vec::new();
            for event in 0..20 {
                let event_id = format!("evt_{event}");
                if let Claim::New(_) = store.claim(&event_id, LONG).await.unwrap() {
                    won.push(event_id);
                }
            }
            won
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 20);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 20);
}

#[tokio::test]
async fn a_restart_keeps_marks_leases_and_fences() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let done = claimed(&store, "evt_done", LONG).await;
    assert!(store.done(&done).await.unwrap());
    let held = claimed(&store, "evt_held", LONG).await;
    let back = claimed(&store, "evt_back", LONG).await;
    assert!(store.release(&back).await.unwrap());

    server.kill();
    let error = store.claim("evt_new", LONG).await.unwrap_err();
    assert!(says(&error).starts_with("could not claim the event in Redis: "));
    server.run();

    // The same store goes on, and its first call is no error.
    assert_eq!(store.claim("evt_done", LONG).await.unwrap(), Claim::Done);
    assert!(store.done(&held).await.unwrap());
    assert_eq!(claimed(&store, "evt_back", LONG).await.fence(), 2);
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let mut connection = server.connection().await;
    for event_id in ["evt_1", "evt_2"] {
        let flush = ["SCRIPT", "FLUSH"];
        ask::<()>(&mut connection, &flush).await;
        let lease = claimed(&store, event_id, LONG).await;
        ask::<()>(&mut connection, &flush).await;
        assert!(store.extend(&lease, LONG).await.unwrap());
        assert!(store.done(&lease).await.unwrap());
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_an_error_in_seconds_and_recovers() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let builder = server.builder();
    let builder = builder.timeout(Duration::from_millis(300)).unwrap();
    let store = builder.clone().connect(&server.url()).await.unwrap();
    let lease = claimed(&store, "evt_1", LONG).await;

    server.signal("STOP");
    let started = Instant::now();
    for _ in 0..2 {
        let error = store.done(&lease).await.unwrap_err();
        assert_eq!(
            says(&error),
            "could not mark the event in Redis: Redis did not answer within 300ms"
        );
    }
    let error = builder.connect(&server.url()).await.unwrap_err();
    assert!(says(&error).starts_with("could not connect to Redis: "));
    assert!(started.elapsed() < Duration::from_secs(5));

    server.signal("CONT");
    // What was asked may have been done meanwhile; asking again is harmless.
    while let Err(error) = store.done(&lease).await {
        assert!(started.elapsed() < Duration::from_secs(20), "{error:?}");
    }
    assert_eq!(store.claim("evt_1", LONG).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_replaced() {
    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, UnixStream};
    let Some(server) = shared() else { return };
    // A way to Redis on which the first connection is lost without a word, as behind a failover.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = server.url().replace("redis+unix://", "");
    let (silence, mut silent) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut redis = UnixStream::connect(&socket).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut first, &mut redis) => {}
            _ = &mut silent => {}
        }
        let (mut second, _) = listener.accept().await.unwrap();
        let mut redis = UnixStream::connect(&socket).await.unwrap();
        let _ = copy_bidirectional(&mut second, &mut redis).await;
        drop(first);
    });
    let store = server
        .builder()
        .timeout(Duration::from_millis(500))
        .unwrap()
        .connect(&format!("redis://{address}"))
        .await
        .unwrap();
    let lease = claimed(&store, "evt_1", LONG).await;
    silence.send(()).unwrap();
    assert!(store.done(&lease).await.is_err());
    assert!(store.done(&lease).await.unwrap());
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_known_again() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, UnixStream};
    let Some(server) = shared() else { return };
    // A way to Redis that cuts the first connection when a claim has been made on it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = server.url().replace("redis+unix://", "");
    // With the script known, a claim is one exchange.
    let store = server.store().await;
    claimed(&store, "evt_warm", LONG).await;
    tokio::spawn(async move {
        let mut cut = false;
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut redis = UnixStream::connect(&socket).await.unwrap();
            let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
            let mut claiming = false;
            loop {
                tokio::select! {
                    read = client.read(&mut asked) => match read {
                        Ok(read @ 1..) => {
                            claiming = asked[..read].windows(7).any(|word| word == b"EVALSHA");
                            redis.write_all(&asked[..read]).await.unwrap();
                        }
                        _ => break,
                    },
                    read = redis.read(&mut answered) => match read {
                        Ok(read @ 1..) if !claiming || cut => {
                            client.write_all(&answered[..read]).await.unwrap();
                        }
                        _ => {
                            cut = true;
                            break;
                        }
                    },
                }
            }
        }
    });
    let builder = server.builder();
    let store = builder
        .clone()
        .connect(&format!("redis://{address}"))
        .await
        .unwrap();
    let lease = claimed(&store, "evt_1", LONG).await;
    assert_eq!(lease.fence(), 1);
    assert!(store.done(&lease).await.unwrap());
}

#[tokio::test]
async fn time_is_the_servers() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let mut connection = server.connection().await;
    let (seconds, _): (i64, i64) = ask(&mut connection, &["TIME"]).await;
    claimed(&store, "evt_1", LONG).await;
    let key = store.key("evt_1").unwrap();
    let ends: i64 = ask(&mut connection, &["HGET", &key, "u"]).await;
    let left = ends - seconds * 1000;
    assert!((60_000..70_000).contains(&left), "{left}");
    // An hour passes for the server alone: this process's clock has no say.
    ask::<i64>(&mut connection, &["HINCRBY", &key, "u", "-3600000"]).await;
    assert_eq!(claimed(&store, "evt_1", LONG).await.fence(), 2);
}

#[tokio::test]
async fn records_live_as_long_as_they_must_and_no_longer() {
    let Some(server) = shared() else { return };
    let builder = server.builder();
    let store = builder.clone().connect(&server.url()).await.unwrap();
    let week = builder.retention(Duration::from_secs(7 * 24 * 60 * 60));
    let week = week.unwrap().connect(&server.url()).await.unwrap();
    let mut connection = server.connection().await;
    let hour = Duration::from_secs(60 * 60);
    for (store, days, event_id) in [(store, 30, "evt_1"), (week, 7, "evt_2")] {
        let key = store.key(event_id).unwrap();
        let mut left = async || ask::<i64>(&mut connection, &["PTTL", &key]).await;
        let lease = claimed(&store, event_id, hour).await;
        let retention = days * DAY;
        let claimed_left = left().await;
        assert!((retention + 3_590_000..=retention + 3_600_000).contains(&claimed_left));
        assert!(store.extend(&lease, 2 * hour).await.unwrap());
        assert!(left().await > retention + 7_190_000);
        assert!(store.release(&lease).await.unwrap());
        assert!(left().await > retention, "the fence survives");
        let lease = claimed(&store, event_id, hour).await;
        assert!(store.done(&lease).await.unwrap());
        assert!((retention - 10_000..=retention).contains(&left().await));
    }
}

#[tokio::test]
async fn what_another_wrote_under_the_key_is_an_error_and_stays() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let mut connection = server.connection().await;
    let spoil = [
        vec!["APPEND", "1"],
        vec!["LPUSH", "1"],
        vec!["HSET", "name", "value"],
        vec!["HSET", "v", "2"],
        vec!["HSET", "v", "1", "f", "many", "n", "x"],
    ];
    for (index, command) in spoil.iter().enumerate() {
        let event_id = format!("evt_{index}");
        let key = store.key(&event_id).unwrap();
        let words = [&[command[0], key.as_str()], &command[1..]].concat();
        ask::<i64>(&mut connection, &words).await;
        let before: Vec<u8> = ask(&mut connection, &["DUMP", &key]).await;
        let error = store.claim(&event_id, LONG).await.unwrap_err();
        assert!(says(&error).starts_with("could not claim"), "{error:?}");
        let lease = Lease::new(&event_id, 1);
        assert!(!matches!(store.done(&lease).await, Ok(true)));
        assert!(!matches!(store.extend(&lease, LONG).await, Ok(true)));
        assert!(!matches!(store.release(&lease).await, Ok(true)));
        let after: Vec<u8> = ask(&mut connection, &["DUMP", &key]).await;
        assert_eq!(after, before);
    }
    assert!(!store.done(&Lease::new("evt_never", 1)).await.unwrap());
}

#[tokio::test]
async fn ids_that_are_none_are_refused_before_redis_is_asked() {
    let Some(server) = shared() else { return };
    let store = server.store().await;
    let long = "e".repeat(256);
    for id in [
        "",
        "evt 1",
        "evt_1\r\nFLUSHALL",
        "a:b",
        "{x}",
        "é",
        "*",
        "\0",
        &long,
    ] {
        let error = store.claim(id, LONG).await.unwrap_err();
        assert!(says(&error).starts_with("not an event's id"), "{error:?}");
        assert!(store.done(&Lease::new(id, 1)).await.is_err());
    }
    assert!(store.claim(&long[..255], LONG).await.is_ok());
    // Whatever the length of a lease, it is taken or cut, and nothing overflows.
    assert_eq!(claimed(&store, "evt_1", Duration::ZERO).await.fence(), 1);
    let lease = claimed(&store, "evt_1", Duration::MAX).await;
    assert_eq!(lease.fence(), 2);
    match store.claim("evt_1", LONG).await.unwrap() {
        Claim::InFlight { remaining } => assert!(remaining <= Duration::from_secs(24 * 60 * 60)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn options_out_of_bounds_are_refused() {
    let day = Duration::from_secs(24 * 60 * 60);
    let builder = RedisStore::builder;
    let refused = [
        builder().retention(day * 7 - Duration::from_secs(1)).err(),
        builder().retention(Duration::MAX).err(),
        builder().timeout(Duration::ZERO).err(),
        builder().timeout(Duration::from_secs(31)).err(),
        builder().namespace("").err(),
        builder().namespace("a:b").err(),
        builder().namespace("n".repeat(129)).err(),
        builder().prefix("{all-on-one-node}").err(),
        builder().prefix("new\nline").err(),
    ];
    for (index, refused) in refused.iter().enumerate() {
        assert!(refused.is_some(), "{index}");
    }
    let secret = "hunter2";
    for url in [
        format!("https://user:{secret}@redis"),
        format!("rediss://user:{secret}@redis"),
        format!("redis://user:{secret}@127.0.0.1:1"),
    ] {
        let error = RedisStore::connect(&url).await.unwrap_err();
        let said = format!("{error} {error:?} {}", says(&error));
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn namespaces_do_not_see_each_other() {
    let Some(server) = shared() else { return };
    let (one, other) = (server.store().await, server.store().await);
    claimed(&one, "evt_1", LONG).await;
    assert_eq!(claimed(&other, "evt_1", LONG).await.fence(), 1);
    assert!(format!("{one:?}").contains("fluxa:inbox:test-"));
}

#[tokio::test]
async fn a_connection_of_the_merchants_will_do() {
    let Some(server) = shared() else { return };
    let store = server.builder().connection(server.connection().await);
    let lease = claimed(&store, "evt_1", LONG).await;
    assert!(store.done(&lease).await.unwrap());
}

#[tokio::test]
async fn a_full_redis_refuses_claims_and_takes_marks() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let mut connection = server.connection().await;
    let (one, two) = (
        claimed(&store, "evt_1", LONG).await,
        claimed(&store, "evt_2", LONG).await,
    );
    ask::<()>(&mut connection, &["CONFIG", "SET", "maxmemory", "1"]).await;
    let error = store.claim("evt_3", LONG).await.unwrap_err();
    assert!(says(&error).contains("OOM"), "{error:?}");
    assert!(store.done(&one).await.unwrap());
    assert!(store.release(&two).await.unwrap());
    assert_eq!(store.claim("evt_1", LONG).await.unwrap(), Claim::Done);
    ask::<()>(&mut connection, &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(claimed(&store, "evt_2", LONG).await.fence(), 2);
}

#[tokio::test]
async fn a_redis_that_evicts_is_refused() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let mut connection = server.connection().await;
    for (policy, memory, sound) in [
        ("allkeys-lru", "100mb", false),
        ("volatile-ttl", "100mb", false),
        ("allkeys-lru", "0", true),
        ("noeviction", "100mb", true),
    ] {
        let set = [
            "CONFIG",
            "SET",
            "maxmemory-policy",
            policy,
            "maxmemory",
            memory,
        ];
        ask::<()>(&mut connection, &set).await;
        let connected = server.builder().connect(&server.url()).await;
        assert_eq!(connected.is_ok(), sound, "{policy} {memory}");
        if let Err(error) = connected {
            assert!(says(&error).contains("noeviction"));
        }
        let allowed = server.builder().allow_eviction(true);
        assert!(allowed.connect(&server.url()).await.is_ok());
    }
}

/// Kills the server and starts it again.
fn restart(server: &Arc<Mutex<RedisServer>>) -> impl FnOnce() -> Boxed<()> + Send + 'static {
    let server = Arc::clone(server);
    move || {
        let restarting = tokio::task::spawn_blocking(move || {
            let mut server = server.lock().unwrap();
            server.kill();
            server.run();
        });
        Box::pin(async { restarting.await.unwrap() })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_event_is_done_once_under_stress_and_a_restart() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let server = Arc::new(Mutex::new(server));
    stress::run(store, Stress::new().restart(restart(&server))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_inbox_processes_each_event_under_stress_and_a_restart() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let server = Arc::new(Mutex::new(server));
    stress::whole::process(store, restart(&server)).await;
}

#[tokio::test]
async fn a_redis_that_turned_the_store_away_is_tried_again() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let mut connection = server.connection().await;
    ask::<()>(&mut connection, &["CONFIG", "SET", "requirepass", "right"]).await;
    let url = format!("{}?pass=right", server.url());
    let store = server.builder().connect(&url).await.unwrap();
    for (option, away, back) in [
        ("maxclients", "1", "1000"),
        ("requirepass", "other", "right"),
    ] {
        let lease = claimed(&store, &format!("evt_{option}"), LONG).await;
        ask::<()>(&mut connection, &["CONFIG", "SET", option, away]).await;
        let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
        ask::<i64>(&mut connection, &kill).await;
        for _ in 0..2 {
            let error = store.done(&lease).await.unwrap_err();
            assert!(!says(&error).contains("right"), "{error:?}");
        }
        ask::<()>(&mut connection, &["CONFIG", "SET", option, back]).await;
        assert!(store.done(&lease).await.unwrap(), "{option}");
    }
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_left() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let store = server.store().await;
    let mut connection = server.connection().await;
    let lease = claimed(&store, "evt_1", LONG).await;
    let before: i64 = ask(&mut connection, &["CLIENT", "ID"]).await;
    // The name of the primary leads elsewhere from now on, but the old connection would stay.
    ask::<()>(&mut connection, &["REPLICAOF", "127.0.0.1", "1"]).await;
    let error = store.done(&lease).await.unwrap_err();
    assert!(says(&error).contains("read only replica"), "{error:?}");
    ask::<()>(&mut connection, &["REPLICAOF", "NO", "ONE"]).await;
    assert!(store.done(&lease).await.unwrap());
    let clients: String = ask(&mut connection, &["CLIENT", "LIST"]).await;
    let stores: Vec<_> = clients
        .lines()
        .filter(|client| client.contains("cmd=evalsha"))
        .collect();
    let id = |client: &str| {
        client["id=".len()..]
            .split(' ')
            .next()
            .unwrap()
            .parse::<i64>()
    };
    assert!(
        stores.iter().any(|client| id(client).unwrap() > before),
        "{clients}"
    );
}

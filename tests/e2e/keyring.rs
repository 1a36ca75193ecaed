//! The system's keyring: one that does not answer costs three seconds and nothing else; where there is
//! no need for it, it is not asked.

#![cfg(target_os = "linux")]

use std::cell::RefCell;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Home, KEY, Mock, Run, piped};

/// A D-Bus that takes every connection and never says a word.
struct SilentBus {
    path: PathBuf,
    listener: UnixListener,
    callers: RefCell<Vec<UnixStream>>,
}

impl SilentBus {
    fn start(home: &Home) -> Self {
        let path = home.path("bus");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let callers = RefCell::default();
        Self {
            path,
            listener,
            callers,
        }
    }

    /// How many have called so far. The system takes the calls; here they are only counted.
    fn callers(&self) -> usize {
        let mut callers = self.callers.borrow_mut();
        callers.extend(self.listener.incoming().map_while(Result::ok));
        callers.len()
    }

    fn fluxa(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.fluxa(arguments);
        let address = format!("unix:path={}", self.path.display());
        command.env("DBUS_SESSION_BUS_ADDRESS", address);
        command
    }
}

#[test]
fn a_keyring_that_never_answers_is_said_and_the_file_used() {
    let home = Home::new();
    let bus = SilentBus::start(&home);
    let set = ["config", "set", "secret_key"];
    let run = piped(bus.fluxa(&home, &set), KEY).expect(0);
    let said = "the system's keyring did not answer within 3 s; using the file ";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stderr.contains("plain text"), "{}", run.stderr);
    assert_eq!(bus.callers(), 1);
    let file = std::fs::read_to_string(home.path(".config/fluxa/credentials.toml")).unwrap();
    assert!(file.contains(KEY));
    // From now on the file says where it is, and nobody asks.
    let shown = Run::of(bus.fluxa(&home, &["config", "get", "secret_key"])).expect(0);
    assert_eq!(shown.stdout.trim(), "sk_test_…0000");
    Run::of(bus.fluxa(&home, &["logout"])).expect(0);
    assert_eq!(bus.callers(), 1);
}

#[test]
fn a_key_in_a_keyring_that_never_answers_is_an_error_and_is_not_forgotten() {
    let home = Home::new();
    let bus = SilentBus::start(&home);
    let directory = home.path(".config/fluxa");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("credentials.toml");
    let text = "[profiles.default.keyring]\nentry = \"default 01\"\nshown = \"sk_live_…0123\"\n";
    std::fs::write(&file, text).unwrap();

    let asked = Run::of(bus.fluxa(&home, &["events", "list"])).expect(3);
    let said = "the key of profile default: the system's keyring did not answer within 3 s";
    assert!(asked.stderr.contains(said), "{}", asked.stderr);
    assert!(
        asked.stderr.contains("FLUXA_SECRET_KEY"),
        "{}",
        asked.stderr
    );
    let kept = Run::of(bus.fluxa(&home, &["logout"])).expect(1);
    assert!(kept.stderr.contains("--no-keyring"), "{}", kept.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    // What it is, is known without it.
    let callers = bus.callers();
    let listed = Run::of(bus.fluxa(&home, &["config", "list"])).expect(0);
    assert!(listed.stdout.contains("LIVE") && listed.stdout.contains("profile default, keyring"));
    let write = ["keys", "revoke", "key_1"];
    let unasked = Run::of(bus.fluxa(&home, &[&write[..], &["--no-keyring"]].concat())).expect(3);
    assert!(
        unasked.stderr.contains("--no-keyring was given"),
        "{}",
        unasked.stderr
    );
    let gone = Run::of(bus.fluxa(&home, &["logout", "--no-keyring"])).expect(0);
    assert!(
        gone.stderr.contains("a key stays behind as `default 01`"),
        "{}",
        gone.stderr
    );
    assert_eq!(bus.callers(), callers);
}

#[test]
fn a_keyring_is_not_asked_where_it_is_not_needed_or_not_wanted() {
    let home = Home::new();
    let bus = SilentBus::start(&home);
    let mock = Mock::start(&home, &[]);
    let with_key = |arguments: &[&str]| {
        let mut command = bus.fluxa(&home, arguments);
        command.env("FLUXA_SECRET_KEY", KEY);
        command.env("FLUXA_API_BASE", &mock.base_url);
        Run::of(command).expect(0)
    };
    for arguments in [
        &["--version"][..],
        &["--help"],
        &["config", "list"],
        &["events", "list"],
        &["trigger", "customer.created"],
        &["whoami"],
    ] {
        with_key(arguments);
    }
    let set = ["config", "set", "secret_key"];
    for (name, value) in [("CI", "true"), ("FLUXA_NO_KEYRING", "1")] {
        let mut command = bus.fluxa(&home, &set);
        command.env(name, value);
        let run = piped(command, KEY).expect(0);
        assert!(run.stderr.contains("plain text"), "{}", run.stderr);
    }
    let by_flag = [&set[..], &["--no-keyring"]].concat();
    piped(bus.fluxa(&home, &by_flag), KEY).expect(0);
    home.run(&["config", "set", "keyring", "off"]).expect(0);
    piped(bus.fluxa(&home, &set), KEY).expect(0);
    assert_eq!(bus.callers(), 0);
}

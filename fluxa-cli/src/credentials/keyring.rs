//! Owns the system's keyring: Secret Service over D-Bus, macOS Keychain, Windows Credential Manager.
//!
//! A keyring may ask the user, hang, or be half there. Each call has a thread and a limit of its own,
//! and after the first that was not kept no other is made. Knows nothing of profiles and files.

#[cfg(any(target_os = "macos", windows))]
#[path = "keyring/native.rs"]
mod store;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "keyring/secret_service.rs"]
mod store;

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::env;

/// How long a call may take. Longer, and a person would think that the command hangs.
const LIMIT: Duration = Duration::from_secs(3);

/// What our entries are called in the keyring.
pub(crate) const SERVICE: &str = "fluxa";

/// The system's keyring, or why it is not used.
#[derive(Debug)]
pub(crate) struct Keyring {
    limit: Duration,
    /// Why no new key may be put into it. Those that are there may be read and removed.
    closed: Option<String>,
    /// Why it is not asked for anything.
    off: Mutex<Option<String>>,
}

/// Why the keyring did not do what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is not to be used; nothing was tried.
    Off(String),
    /// There is no such entry.
    Missing,
    /// It was tried.
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(why) => write!(formatter, "is not used: {why}"),
            Self::Missing => formatter.write_str("has no such entry"),
            Self::Failed(why) => formatter.write_str(why),
        }
    }
}

impl Failure {
    fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(format!("failed: {error}"))
    }
}

impl Keyring {
    /// The keyring of this system. `refused` says where the user wants it left alone, `closed` where
    /// the user wants no new key in it.
    pub(crate) fn of_system(refused: Option<String>, closed: Option<String>) -> Self {
        Self {
            limit: LIMIT,
            closed,
            off: Mutex::new(refused.or_else(nobody_there)),
        }
    }

    /// Returns what an entry holds.
    pub(crate) fn get(&self, entry: &str) -> Result<Zeroizing<String>, Failure> {
        let entry = entry.to_owned();
        self.within_limit(move || store::get(&entry))
    }

    /// Makes an entry, or replaces what it holds.
    pub(crate) fn set(&self, entry: &str, secret: &str) -> Result<(), Failure> {
        if let Some(why) = &self.closed {
            return Err(Failure::Off(why.clone()));
        }
        let entry = entry.to_owned();
        let secret = Zeroizing::new(secret.to_owned());
        self.within_limit(move || store::set(&entry, &secret))
    }

    /// Removes an entry. One that is not there is removed already.
    pub(crate) fn delete(&self, entry: &str) -> Result<(), Failure> {
        let entry = entry.to_owned();
        match self.within_limit(move || store::delete(&entry)) {
            Err(Failure::Missing) => Ok(()),
            done => done,
        }
    }

    /// Returns why no key would be put into it, if so.
    pub(crate) fn why_not(&self) -> Option<String> {
        self.off().clone().or_else(|| self.closed.clone())
    }

    fn off(&self) -> MutexGuard<'_, Option<String>> {
        self.off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn within_limit<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if let Some(why) = self.off().clone() {
            return Err(Failure::Off(why));
        }
        let (sender, answer) = mpsc::channel();
        // A thread that never comes back ends with the process.
        let started = thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || sender.send(job()));
        if let Err(error) = started {
            return Err(Failure::Failed(format!("could not be asked: {error}")));
        }
        match answer.recv_timeout(self.limit) {
            Ok(answer) => answer,
            Err(error) => {
                let why = match error {
                    RecvTimeoutError::Timeout => {
                        format!("did not answer within {} s", self.limit.as_secs_f64())
                    }
                    RecvTimeoutError::Disconnected => "broke off".to_owned(),
                };
                *self.off() = Some(format!("it {why}"));
                Err(Failure::Failed(why))
            }
        }
    }
}

/// Returns why asking would be in vain: no person to unlock it, or nothing to ask.
fn nobody_there() -> Option<String> {
    if env::is_ci() {
        return Some("CI is set".to_owned());
    }
    let by_bus = cfg!(all(unix, not(target_os = "macos")));
    (by_bus && !env::has_session_bus()).then(|| format!("{} is not set", env::SESSION_BUS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(limit: Duration) -> Keyring {
        Keyring {
            limit,
            closed: None,
            off: Mutex::new(None),
        }
    }

    #[test]
    fn a_keyring_that_hangs_is_given_up_and_not_asked_again() {
        let keyring = keyring(Duration::from_millis(10));
        let (never, hangs) = mpsc::channel::<()>();
        let failed = keyring.within_limit(move || {
            let _ = hangs.recv();
            Ok(())
        });
        let said = Failure::Failed("did not answer within 0.01 s".to_owned());
        assert_eq!(failed.unwrap_err(), said);
        let asked = keyring.within_limit(|| Ok(())).unwrap_err();
        assert!(matches!(asked, Failure::Off(why) if why.contains("did not answer")));
        drop(never);
    }

    #[test]
    fn what_the_keyring_says_is_passed_on_and_it_may_be_asked_again() {
        let keyring = keyring(Duration::from_secs(30));
        assert_eq!(keyring.within_limit(|| Ok(7)), Ok(7));
        for failure in [Failure::Missing, Failure::failed("x")] {
            let said = failure.to_string();
            let failed = keyring.within_limit::<()>(|| Err(failure)).unwrap_err();
            assert_eq!(failed.to_string(), said);
        }
        assert_eq!(keyring.within_limit(|| Ok(7)), Ok(7));
    }

    #[test]
    fn a_keyring_that_was_refused_is_not_asked() {
        let refused = Keyring::of_system(Some("--no-keyring was given".to_owned()), None);
        let asked = refused.get("x").unwrap_err();
        assert_eq!(asked.to_string(), "is not used: --no-keyring was given");
        let closed = Keyring {
            closed: Some("profile a says so".to_owned()),
            ..keyring(Duration::from_secs(30))
        };
        let asked = closed.set("x", "sk_test_x").unwrap_err();
        assert_eq!(asked, Failure::Off("profile a says so".to_owned()));
        assert_eq!(closed.within_limit(|| Ok(7)), Ok(7));
    }
}

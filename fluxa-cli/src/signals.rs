//! Owns how we are told to stop: by a person, by the system, by a terminal that was closed.

/// Who asked the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A person, by Ctrl-C.
    Interrupted,
    /// The system, whoever supervises us, or the end of the terminal.
    Terminated,
}

/// Is ready when the user, or the system, asks the program to stop. It listens from the call on, and
/// not only once it is waited for: what is started after the call is never left behind.
pub(crate) fn interrupted() -> impl Future<Output = Stop> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{Signal, SignalKind, signal};
        // Without signals there is nothing to wait for: go on until something else ends it.
        let listen = |kind: SignalKind| signal(kind).ok();
        let interrupt = listen(SignalKind::interrupt());
        let terminate = listen(SignalKind::terminate());
        // What we started has no terminal that would tell it to quit, too.
        let quit = listen(SignalKind::quit());
        let hang_up = match hang_up_is_ignored() {
            true => None,
            false => listen(SignalKind::hangup()),
        };
        let of = async |signal: Option<Signal>, stop: Stop| {
            if let Some(mut signal) = signal
                && signal.recv().await.is_some()
            {
                return stop;
            }
            std::future::pending().await
        };
        async move {
            tokio::select! {
                biased;
                stop = of(interrupt, Stop::Interrupted) => stop,
                stop = of(terminate, Stop::Terminated) => stop,
                stop = of(quit, Stop::Terminated) => stop,
                stop = of(hang_up, Stop::Terminated) => stop,
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _ = tokio::signal::ctrl_c().await;
        Stop::Interrupted
    }
}

/// Whether we are to outlive the terminal, as `nohup` asks for. Where the system does not tell, we are
/// when nothing is read from there.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    use std::io::IsTerminal;
    use std::sync::OnceLock;
    // Once: afterwards the signal is ours.
    static IGNORED: OnceLock<bool> = OnceLock::new();
    *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
            // The first bit is that of SIGHUP, whose number is 1.
            Some(mask) => mask & 1 == 1,
            None => !std::io::stdin().is_terminal(),
        }
    })
}

//! Ctrl-C, SIGTERM and SIGHUP.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::exit::Exit;

/// Signals within this time are one: `timeout` sends its signal to the process and then to its group.
const ONE: Duration = Duration::from_millis(200);

/// The signal that asked the program to stop, if any.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    first: watch::Receiver<Option<Exit>>,
    held: Arc<AtomicBool>,
}

impl Signals {
    /// From now on, a signal ends the program at once. The default would too, but not for the first process of a container.
    pub(crate) fn install() -> io::Result<Self> {
        let (tell, first) = watch::channel(None);
        let held = Arc::new(AtomicBool::new(false));
        let mut next = Source::new()?;
        let signals = Self { first, held: Arc::clone(&held) };
        tokio::spawn(async move {
            let mut exit = next.signal().await;
            if held.load(Ordering::SeqCst) {
                let first = Instant::now();
                // Fails if the program is already ending.
                let _ = tell.send(Some(exit));
                while first.elapsed() < ONE {
                    exit = next.signal().await;
                }
            }
            process::exit(exit.code().into());
        });
        Ok(signals)
    }

    /// From now on, the first signal is stored here, and the second ends the program at once. To be called before files are
    /// written, and after the account is read, which may take until someone has typed it.
    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Resolves when a signal has arrived, and at once from then on. Cancel-safe.
    pub(crate) async fn stopped(&mut self) -> Exit {
        match self.first.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Interrupted),
            // The listening task lives as long as the program.
            Err(_) => std::future::pending().await,
        }
    }

    /// The signal received so far.
    pub(crate) fn so_far(&self) -> Option<Exit> {
        *self.first.borrow()
    }
}

#[cfg(unix)]
struct Source {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Source {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // What the caller ignores stays ignored: `nohup` does so with SIGHUP, and a shell with Ctrl-C for jobs in the background.
        let ignored = ignored();
        let unless_ignored = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            if is_ignored { Ok(None) } else { signal(kind).map(Some) }
        };
        Ok(Self {
            interrupt: unless_ignored(SignalKind::interrupt())?,
            terminate: unless_ignored(SignalKind::terminate())?,
            hang_up: unless_ignored(SignalKind::hangup())?,
        })
    }

    async fn signal(&mut self) -> Exit {
        async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = next(&mut self.interrupt) => Exit::Interrupted,
            () = next(&mut self.terminate) => Exit::Terminated,
            () = next(&mut self.hang_up) => Exit::HungUp,
        }
    }
}

/// A bit for each signal that is ignored, from number 1. Only Linux tells without unsafe code.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn signal(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}

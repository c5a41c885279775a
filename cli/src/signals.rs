//! Ctrl-C and its like, heard in one place from the beginning of a command to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// A signal ends the process: nothing is under way.
const EARLY: u8 = 0;
/// A signal is told to whoever waits for it.
const TAKEN: u8 = 1;
/// The process is being ended.
const ENDING: u8 = 2;

/// What SIGHUP says to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hangup {
    /// To end, as SIGTERM does; nothing where it was ignored before.
    Ends,
    /// To read again what it was told at the start.
    Rereads,
}

/// What tells the process to end: Ctrl-C, or SIGTERM and SIGHUP on Unix. Heard from the moment this is made.
#[derive(Clone)]
pub(crate) struct Signals {
    mode: Arc<AtomicU8>,
    heard: watch::Receiver<u32>,
    hangups: watch::Receiver<u32>,
}

impl Signals {
    /// Until [`take`](Self::take) the first one ends the process with 130, after `early` has said so.
    pub(crate) fn listen(hangup: Hangup, early: impl Fn() + Send + 'static) -> Self {
        let mode = Arc::new(AtomicU8::new(EARLY));
        let (count, heard) = watch::channel(0);
        let hangups = hangups(hangup);
        let mut sources = Sources::listen(hangup);
        let task_mode = Arc::clone(&mode);
        tokio::spawn(async move {
            loop {
                sources.received().await;
                let before = task_mode.compare_exchange(EARLY, ENDING, Ordering::SeqCst, Ordering::SeqCst);
                if before.is_ok() {
                    early();
                    std::process::exit(130);
                }
                count.send_modify(|count| *count += 1);
            }
        });
        Self { mode, heard, hangups }
    }

    /// How often SIGHUP came, where it [asks to read again](Hangup::Rereads).
    pub(crate) fn hangups(&self) -> watch::Receiver<u32> {
        self.hangups.clone()
    }

    /// From here on a signal is for those who wait for it.
    pub(crate) async fn take(&self) {
        let before = self
            .mode
            .compare_exchange(EARLY, TAKEN, Ordering::SeqCst, Ordering::SeqCst);
        if before == Err(ENDING) {
            // A signal was first, and the process ends at any moment.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until there was one since [`take`](Self::take).
    pub(crate) async fn received(&self) {
        self.reached(1).await;
    }

    /// Whether there was.
    pub(crate) fn was_received(&self) -> bool {
        *self.heard.borrow() > 0
    }

    /// Does it on a thread that may wait; none where a signal came first. The thread is then left behind, and ends with the
    /// process.
    pub(crate) async fn unless_another<T: Send + 'static>(
        &self,
        may_wait: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let work = tokio::task::spawn_blocking(work);
        tokio::select! {
            biased;
            done = work => done.ok(),
            () = self.another(), if may_wait => None,
        }
    }

    /// Waits until there is one more than there were when this begins.
    pub(crate) async fn another(&self) {
        let before = *self.heard.borrow();
        self.reached(before + 1).await;
    }

    /// Waits until there were two: somebody is not content with an end in good order.
    pub(crate) async fn received_again(&self) {
        self.reached(2).await;
    }

    async fn reached(&self, wanted: u32) {
        let mut heard = self.heard.clone();
        if heard.wait_for(|count| *count >= wanted).await.is_err() {
            // The runtime ends, and nobody hears anything any more.
            std::future::pending::<()>().await;
        }
    }
}

/// How often SIGHUP came, where it is counted.
#[cfg(unix)]
fn hangups(hangup: Hangup) -> watch::Receiver<u32> {
    let (count, heard) = watch::channel(0);
    let source = (hangup == Hangup::Rereads)
        .then(|| signal(SignalKind::hangup()).ok())
        .flatten();
    tokio::spawn(async move {
        let Some(mut source) = source else { return };
        while source.recv().await.is_some() {
            count.send_modify(|count| *count += 1);
        }
    });
    heard
}

#[cfg(not(unix))]
fn hangups(_: Hangup) -> watch::Receiver<u32> {
    watch::channel(0).1
}

#[cfg(unix)]
struct Sources(Vec<Signal>);

#[cfg(unix)]
impl Sources {
    fn listen(hangup: Hangup) -> Self {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if hangup == Hangup::Ends && !hangup_is_ignored() {
            kinds.push(SignalKind::hangup());
        }
        // One that cannot be heard keeps the system's own handling.
        Self(kinds.into_iter().filter_map(|it| signal(it).ok()).collect())
    }

    async fn received(&mut self) {
        std::future::poll_fn(
            |context| match self.0.iter_mut().any(|it| it.poll_recv(context).is_ready()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            },
        )
        .await;
    }
}

/// Whether SIGHUP was ignored before (`nohup`): listening to it would undo that. Linux says so in `/proc`; where it cannot
/// be learnt, SIGHUP is left as it is.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    ignored.is_none_or(|signals| signals & 1 != 0) // SIGHUP is 1.
}

#[cfg(not(unix))]
struct Sources;

#[cfg(not(unix))]
impl Sources {
    fn listen(_: Hangup) -> Self {
        Self
    }

    async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

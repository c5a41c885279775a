//! Ctrl-C and its like.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What tells the process to end: Ctrl-C, or SIGTERM on Unix. Heard from the moment this is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    heard: Vec<Signal>,
}

impl Signals {
    pub(crate) fn listen() -> Self {
        Self {
            // One that cannot be heard keeps the system's own handling.
            #[cfg(unix)]
            heard: [SignalKind::interrupt(), SignalKind::terminate()]
                .into_iter()
                .filter_map(|it| signal(it).ok())
                .collect(),
        }
    }

    /// Waits for one.
    #[cfg(unix)]
    pub(crate) async fn received(&mut self) {
        std::future::poll_fn(
            |context| match self.heard.iter_mut().any(|it| it.poll_recv(context).is_ready()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            },
        )
        .await;
    }

    /// Waits for one.
    #[cfg(not(unix))]
    pub(crate) async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The same, for work that ends in good order: what is under way is waited for. A second signal breaks it off.
    pub(crate) async fn received_in_order(mut self) {
        self.received().await;
        eprintln!("ending: what is under way is waited for; once more to break it off");
        tokio::spawn(async move {
            self.received().await;
            std::process::exit(6); // What was under way is unknown, and the outbox says so at its next start.
        });
    }
}

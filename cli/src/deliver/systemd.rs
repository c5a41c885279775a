//! What systemd is told, where it asked to be (`NOTIFY_SOCKET`): `Type=notify` and `Type=notify-reload`.

#[cfg(unix)]
use sd_notify::NotifyState;

/// Everything is there, and delivery begins; or goes on, after [`reloading`].
#[cfg(unix)]
pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The credentials are being read again.
#[cfg(unix)]
pub(super) fn reloading() {
    // Without the time systemd would not know which request this answers.
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

#[cfg(unix)]
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// A line for `systemctl status`.
#[cfg(unix)]
pub(super) fn status(line: &str) {
    notify(&[NotifyState::Status(line)]);
}

/// Not ready, and not hopeless: the start may take so much longer.
#[cfg(unix)]
pub(super) fn starting(line: &str, longer: std::time::Duration) {
    let micros = u32::try_from(longer.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Status(line), NotifyState::ExtendTimeoutUsec(micros)]);
}

/// What cannot be told changes nothing of the delivery.
#[cfg(unix)]
fn notify(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}

#[cfg(not(unix))]
mod nobody {
    pub(crate) fn ready() {}
    pub(crate) fn reloading() {}
    pub(crate) fn stopping() {}
    pub(crate) fn status(_: &str) {}
    pub(crate) fn starting(_: &str, _: std::time::Duration) {}
}

#[cfg(not(unix))]
pub(super) use nobody::{ready, reloading, starting, status, stopping};

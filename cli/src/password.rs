//! The password on stdin: its first line, or what a person types where it is a terminal.

use std::io::{self, IsTerminal};

use zeroize::Zeroizing;

use crate::report::Mistake;

pub(crate) fn read(username: &str) -> Result<Zeroizing<String>, Mistake> {
    let line = match io::stdin().is_terminal() {
        true => typed(&format!("Password for {username}: ")),
        false => line(),
    };
    let line = line.map_err(|error| Mistake::new(format!("stdin cannot be read: {error}")))?;
    match first_line(&line) {
        "" => Err(Mistake::new("there is no password on the first line of stdin")),
        password => Ok(Zeroizing::new(password.to_owned())),
    }
}

/// Without what Windows tools write before it and behind it.
pub(crate) fn first_line(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let line = text.split_once('\n').map_or(text, |(line, _)| line);
    line.trim_end_matches('\r')
}

fn line() -> io::Result<Zeroizing<String>> {
    // Large enough not to grow, which would leave a copy behind.
    let mut line = Zeroizing::new(String::with_capacity(1024));
    io::stdin().read_line(&mut line)?;
    Ok(line)
}

#[cfg(unix)]
pub(crate) use terminal::show_again;
#[cfg(unix)]
use terminal::typed;

#[cfg(unix)]
mod terminal {
    use std::io::{self, Write};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    use crate::print::escaped;

    /// The terminal's settings from before what is typed was hidden, while it is.
    static SHOWN: Mutex<Option<Termios>> = Mutex::new(None);

    fn shown() -> MutexGuard<'static, Option<Termios>> {
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a person types, unseen.
    pub(super) fn typed(prompt: &str) -> io::Result<Zeroizing<String>> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        *shown() = Some(before);
        let line = tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)
            .map_err(io::Error::from)
            .and_then(|()| {
                let _ = io::stderr().write_all(escaped(prompt).as_bytes());
                super::line()
            });
        show_again();
        line
    }

    /// Shows again what is typed. Also for a signal that ends the process meanwhile: the terminal is the shell's.
    pub(crate) fn show_again() {
        if let Some(before) = shown().take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

/// What a person types, unseen.
#[cfg(not(unix))]
fn typed(prompt: &str) -> io::Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}

/// A console is its program's own: nothing to do.
#[cfg(not(unix))]
pub(crate) fn show_again() {}

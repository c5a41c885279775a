//! `vitec-connect sandbox`: the stand-in for Vitec Connect, until Ctrl-C.

use std::net::SocketAddr;

use clap::ArgMatches;
use vitec_connect_sandbox::Sandbox;

use crate::credentials::account;
use crate::print::{say, stdout};
use crate::report::Mistake;
use crate::signals::Signals;

pub(crate) async fn run(matches: &ArgMatches, signals: &Signals) -> Result<(), Mistake> {
    let mut builder = Sandbox::builder();
    if let Some(address) = matches.get_one::<SocketAddr>("listen") {
        builder = builder.listen(*address);
    }
    let account = account()?;
    let configured = account.is_some();
    if let Some([username, password]) = account {
        builder = builder.credentials(&*username, &*password);
    }
    let sandbox = builder.start().await?;
    signals.take().await; // From here on Ctrl-C is the way to end it, and no failure.
    // The URL alone on stdout, for scripts; the rest is for people.
    stdout(format!("{}\n", sandbox.url()).as_bytes())?;
    let credentials = match configured {
        true => String::new(),
        false => format!(", user name {}, password {}", sandbox.username(), sandbox.password()),
    };
    say(&format!("The sandbox listens at {}{credentials}", sandbox.url()));
    signals.received().await;
    Ok(())
}

//! `vitec-connect sandbox`: the stand-in for Vitec Connect, until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;

use clap::ArgMatches;
use tokio::task::AbortHandle;
use vitec_connect_sandbox::Sandbox;

use crate::report::Mistake;
use crate::settings::variable;
use crate::signals::Signals;

pub(crate) async fn run(matches: &ArgMatches, early: AbortHandle) -> Result<(), Mistake> {
    let mut builder = Sandbox::builder();
    if let Some(address) = matches.get_one::<SocketAddr>("listen") {
        builder = builder.listen(*address);
    }
    let configured = match (variable("VITEC_CONNECT_USERNAME")?, variable("VITEC_CONNECT_PASSWORD")?) {
        (Some(username), Some(password)) => {
            builder = builder.credentials(&*username, &*password);
            true
        }
        (None, None) => false,
        _ => {
            return Err(Mistake::new(
                "VITEC_CONNECT_USERNAME and VITEC_CONNECT_PASSWORD belong together; set both or none",
            ));
        }
    };
    let sandbox = builder.start().await?;
    let mut signals = Signals::listen();
    early.abort(); // From here on Ctrl-C is the way to end it, and no failure.
    // The URL alone on stdout, for scripts; the rest is for people.
    writeln!(std::io::stdout(), "{}", sandbox.url()).and_then(|()| std::io::stdout().flush())?;
    match configured {
        true => eprintln!("The sandbox listens at {}", sandbox.url()),
        false => eprintln!(
            "The sandbox listens at {}, user name {}, password {}",
            sandbox.url(),
            sandbox.username(),
            sandbox.password()
        ),
    }
    signals.received().await;
    Ok(())
}

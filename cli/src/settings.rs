//! The client of a call, from arguments and the environment.

use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;
use vitec_connect::{Client, ClientBuilder, Credentials, MediaType, Proxy};
use vitec_connect_sandbox::Sandbox;
use zeroize::Zeroizing;

use crate::report::Mistake;
use crate::{offices, password};

const USERNAME: &str = "VITEC_CONNECT_USERNAME";
const PASSWORD: &str = "VITEC_CONNECT_PASSWORD";
const BASIC: &str = "VITEC_CONNECT_BASIC";

/// The media type of `--format`.
pub(crate) fn media_type(matches: &ArgMatches) -> Result<MediaType, Mistake> {
    match matches.get_one::<String>("format") {
        Some(format) => Ok(format.parse()?),
        None => Ok(MediaType::default()),
    }
}

/// The settings of a client. A sandbox brings its own URL and credentials.
pub(crate) fn builder(matches: &ArgMatches, sandbox: Option<&Sandbox>) -> Result<ClientBuilder, Mistake> {
    let mut builder = Client::builder().media_type(media_type(matches)?);
    if let Some(timeout) = matches.get_one::<Duration>("timeout") {
        builder = builder.call_timeout(*timeout).attempt_timeout(*timeout);
    }
    if let Some(proxy) = matches.get_one::<String>("proxy") {
        builder = match proxy.parse() {
            Ok(proxy @ (Proxy::None | Proxy::Url(_) | Proxy::System)) => builder.proxy(proxy),
        };
    }
    if let Some(file) = matches.get_one::<String>("ca-file") {
        let pem = std::fs::read(file).map_err(|error| Mistake::new(format!("--ca-file {file}: {error}")))?;
        builder = builder.root_certificates_pem(pem);
    }
    match sandbox {
        Some(sandbox) => Ok(builder
            .base_url(sandbox.url())
            .credentials(Credentials::basic(sandbox.username(), sandbox.password())?)),
        None => with_environment(builder, matches),
    }
}

fn with_environment(builder: ClientBuilder, matches: &ArgMatches) -> Result<ClientBuilder, Mistake> {
    let base_url = match matches.get_one::<String>("base-url") {
        Some(url) => Some(url.clone()),
        None => variable("VITEC_CONNECT_BASE_URL")?.map(|url| url.to_string()),
    };
    let builder = match base_url {
        Some(url) => builder.base_url(url),
        None => builder,
    };
    // Only an import takes a file with each customer's.
    if let Ok(Some(file)) = matches.try_get_one::<String>("credentials") {
        return Ok(builder.credentials(offices::read(Path::new(file))?));
    }
    let credentials = match matches.get_flag("dry-run") {
        // What is shown never contains them.
        true => Credentials::basic("dry-run", "")?,
        false => credentials(matches.get_flag("password-stdin"))?,
    };
    Ok(builder.credentials(credentials))
}

fn credentials(password_stdin: bool) -> Result<Credentials, Mistake> {
    if password_stdin {
        let Some(username) = variable(USERNAME)? else {
            return Err(Mistake::new(
                "--password-stdin needs the user name in VITEC_CONNECT_USERNAME",
            ));
        };
        return Ok(Credentials::basic(&*username, &*password::read(&username)?)?);
    }
    match (account(), variable(BASIC)?) {
        (Ok(Some([username, password])), _) => Ok(Credentials::basic(&*username, &*password)?),
        (_, Some(encoded)) => {
            Credentials::encoded(&*encoded).map_err(|error| Mistake::new(format!("{BASIC}: {error}")))
        }
        (Err(mistake), None) => Err(mistake),
        (Ok(None), None) => Err(Mistake::new(
            "there are no credentials: set VITEC_CONNECT_USERNAME and VITEC_CONNECT_PASSWORD, or VITEC_CONNECT_BASIC; or \
             use --password-stdin; or try it with --sandbox",
        )),
    }
}

/// The user name and the password of the environment, in this order, or neither.
pub(crate) fn account() -> Result<Option<[Zeroizing<String>; 2]>, Mistake> {
    let half = |set: &str, missing: &str| {
        Mistake::new(format!(
            "{set} is set and {missing} is not; they belong together: set {missing} too, or none of them"
        ))
    };
    match (variable(USERNAME)?, variable(PASSWORD)?) {
        (Some(username), Some(password)) => Ok(Some([username, password])),
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(USERNAME, PASSWORD)),
        (None, Some(_)) => Err(half(PASSWORD, USERNAME)),
    }
}

/// A variable of the environment, without a byte order mark, which an editor may have put before it; an empty one counts as
/// not set.
pub(crate) fn variable(name: &str) -> Result<Option<Zeroizing<String>>, Mistake> {
    match std::env::var(name).map(Zeroizing::new) {
        Ok(value) => {
            let value = Zeroizing::new(value.trim_start_matches('\u{feff}').to_owned());
            Ok(Some(value).filter(|value| !value.is_empty()))
        }
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Mistake::new(format!("{name} is not UTF-8"))),
    }
}

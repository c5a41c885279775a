//! The client of a call, from arguments and the environment.

use std::time::Duration;

use clap::ArgMatches;
use vitec_connect::{Client, ClientBuilder, Credentials, MediaType, Proxy};
use vitec_connect_sandbox::Sandbox;
use zeroize::Zeroizing;

use crate::credentials::Source;
use crate::report::Mistake;

/// The media type of `--format`.
pub(crate) fn media_type(matches: &ArgMatches) -> Result<MediaType, Mistake> {
    match matches.get_one::<String>("format") {
        Some(format) => Ok(format.parse()?),
        None => Ok(MediaType::default()),
    }
}

/// The settings of a client. A sandbox brings its own URL and credentials.
pub(crate) fn builder(matches: &ArgMatches, sandbox: Option<&Sandbox>) -> Result<ClientBuilder, Mistake> {
    if let Some(sandbox) = sandbox {
        let credentials = Credentials::basic(sandbox.username(), sandbox.password())?;
        return Ok(transport(matches)?.base_url(sandbox.url()).credentials(credentials));
    }
    // What is shown never contains them. A file that is named is looked at all the same.
    if matches.get_flag("dry-run") && matches.get_one::<String>("credentials").is_none() {
        return Ok(to_vitec(matches)?.credentials(Credentials::basic("dry-run", "")?));
    }
    with_source(matches).map(|(builder, _)| builder)
}

/// The same where it is for Vitec Connect, and the source of its credentials, to read them again.
pub(crate) fn with_source(matches: &ArgMatches) -> Result<(ClientBuilder, Source), Mistake> {
    let builder = to_vitec(matches)?;
    let source = Source::open(matches)?;
    Ok((builder.credentials(source.credentials()), source))
}

fn transport(matches: &ArgMatches) -> Result<ClientBuilder, Mistake> {
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
    Ok(builder)
}

fn to_vitec(matches: &ArgMatches) -> Result<ClientBuilder, Mistake> {
    let builder = transport(matches)?;
    Ok(match base_url(matches)? {
        Some(url) => builder.base_url(url),
        None => builder,
    })
}

/// What the argument says, else the variable.
pub(crate) fn base_url(matches: &ArgMatches) -> Result<Option<String>, Mistake> {
    match matches.get_one::<String>("base-url") {
        Some(url) => Ok(Some(url.clone())),
        None => Ok(variable("VITEC_CONNECT_BASE_URL")?.map(|url| url.to_string())),
    }
}

/// The settings of a client that makes calls to look at them, and sends none.
pub(crate) fn checker() -> Result<ClientBuilder, Mistake> {
    Ok(Client::builder().credentials(Credentials::basic("nobody", "")?))
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

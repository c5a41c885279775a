//! Where the outbox lies: `--outbox`, else the variable, else the user's data directory.

use clap::{Arg, ArgMatches};
use vitec_connect_outbox::{Address, Outbox};

use crate::print::say;
use crate::report::Mistake;
use crate::settings::variable;

const VARIABLE: &str = "VITEC_CONNECT_OUTBOX";

/// `--outbox`, wherever it is taken. Its text is looked at by [`place`] and not by clap, whose errors repeat it.
pub(crate) fn argument() -> Arg {
    Arg::new("outbox")
        .long("outbox")
        .value_name("PATH|postgres://…")
        .help("Where the outbox lies [default: VITEC_CONNECT_OUTBOX, else outbox.db in the user's data directory]")
}

/// The place that was given, or the default one, its folder made.
pub(crate) fn ready(matches: &ArgMatches) -> Result<String, Mistake> {
    let (place, is_default) = place(matches)?;
    if is_default && let Some(folder) = std::path::Path::new(&place).parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| Mistake::new(format!("{}: {error}", folder.display())))?;
    }
    Ok(place)
}

/// The place that was given, or the default one, to look: no folder is made.
pub(crate) fn named(matches: &ArgMatches) -> Result<String, Mistake> {
    place(matches).map(|(place, _)| place)
}

/// The place, and whether it is the default one.
fn place(matches: &ArgMatches) -> Result<(String, bool), Mistake> {
    let checked = |place: &str, name: &str| match place.parse::<Address>() {
        Ok(_) => Ok(place.to_owned()),
        Err(error) => Err(Mistake::new(format!("{name}: {error}"))),
    };
    if let Some(place) = matches.get_one::<String>("outbox") {
        return Ok((checked(place, "--outbox")?, false));
    }
    if let Some(place) = variable(VARIABLE)? {
        return Ok((checked(&place, VARIABLE)?, false));
    }
    let folder = dirs::data_local_dir()
        .ok_or_else(|| Mistake::new("this system names no data directory; say where the outbox lies with --outbox"))?;
    let place = folder.join("vitec-connect").join("outbox.db");
    Ok((place.to_string_lossy().into_owned(), true))
}

/// Whether the command itself says where the outbox lies.
pub(crate) fn is_said(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("outbox").is_some()
}

/// Says where the outbox lies, on stderr.
pub(crate) fn said_place(outbox: &Outbox) {
    say(&format!("outbox: {}", outbox.place()));
}

//! Where an outbox lies: the path of a file, or the address of a database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Where an outbox lies: the path of a file of SQLite's, or the `postgres://` URL of a database.
///
/// What looks like the address of a database never becomes a file: two machines would each have their own, and send
/// everything twice. It is the address of one, in the one form that is taken, or an error, and neither `Debug` nor the
/// error repeats it: it may contain a password. A file whose name looks so is written `./NAME`.
///
/// ```
/// use vitec_connect_outbox::Address;
///
/// let file: Address = "outbox.db".parse()?;
/// assert_eq!(file.path(), Some("outbox.db".as_ref()));
/// let database: Address = "postgres://bank@db.example/outbox".parse()?;
/// assert_eq!(database.path(), None);
/// assert!("host=db.example password=secret".parse::<Address>().is_err());
/// # Ok::<(), vitec_connect_outbox::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    /// What follows `postgres://`.
    Postgres(String),
}

impl Address {
    /// The path, where it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Postgres(_) => None,
        }
    }

    /// What follows `postgres://`, where it is a database.
    #[cfg(feature = "postgres")]
    pub(crate) fn database(&self) -> Option<&str> {
        match &self.0 {
            Place::File(_) => None,
            Place::Postgres(rest) => Some(rest),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::NotFound`] for what looks like a database's address and is none, and for an empty text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        if let Some((scheme, rest)) = trimmed.split_once("://")
            && ["postgres", "postgresql"]
                .iter()
                .any(|it| scheme.eq_ignore_ascii_case(it))
        {
            return Ok(Self(Place::Postgres(rest.to_owned())));
        }
        if trimmed.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "the outbox's place is empty"));
        }
        match looks_like_a_database(trimmed) {
            true => Err(not_understood()),
            false => Ok(Self(Place::File(text.into()))),
        }
    }
}

/// Without the address: it may contain a password.
pub(crate) fn not_understood() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "the outbox's place looks like the address of a database, and is none that is understood. It is not repeated \
         here, as it may contain a password. A database is written postgres://USER@HOST:PORT/DATABASE, without quotes, \
         and what is no letter or digit in a user name or password percent-encoded (@ as %40). A file is a path; one \
         whose name looks like an address is written ./NAME.",
    )
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => f.debug_tuple("File").field(path).finish(),
            Place::Postgres(_) => f.write_str("Postgres(_)"),
        }
    }
}

/// Whether somebody may have meant a database: a URL of any scheme, also one that lost a slash, `user:password@host`,
/// `host:port`, `key=value`, options of `psql`; in quotes, behind a byte order mark, or with its separators encoded.
fn looks_like_a_database(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace("%3a", ":").replace("%2f", "/");
    let bare = text.trim_start_matches(|c: char| !(c.is_alphanumeric() || "./\\~_-".contains(c)));
    if bare.contains("://") || bare.starts_with('-') {
        return true;
    }
    let colon_before_at = bare.find(':').is_some_and(|colon| bare[colon..].contains('@'));
    if bare.starts_with("//") {
        return colon_before_at;
    }
    if bare.starts_with(['/', '\\', '.', '~']) {
        return false;
    }
    let first = bare.split(['/', '\\']).next().unwrap_or_default();
    match first.split_once(':') {
        // A drive of Windows.
        Some((drive, "")) if drive.len() == 1 => false,
        Some((drive, _)) if drive.len() == 1 => colon_before_at,
        Some(_) => true,
        None => first.contains('='),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_its_one_form() {
        for text in [
            "postgres://bank:hush@db.example/outbox",
            "postgresql://db.example",
            "POSTGRES://bank:hush@db.example/outbox",
            "Postgresql:///outbox?host=/run/postgresql",
            " postgres://bank:hush@db.example/outbox\n",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.path(), None, "{text}");
            assert!(!format!("{address:?}").contains("hush"), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_database_and_is_none_is_refused_and_not_repeated() {
        for text in [
            "host=db.example port=5432 user=bank password=hush dbname=outbox",
            "dbname = outbox password = 'hush'",
            "User ID=bank;Password=hush;Host=db.example",
            "DATABASE_URL=postgres://bank:hush@db.example/outbox",
            "postgresql+psycopg2://bank:hush@db.example:5432/outbox",
            "jdbc:postgresql://db.example/outbox?user=bank&password=hush",
            "jdbc:postgresql:outbox?password=hush",
            "postgres:/bank:hush@db.example/outbox",
            "postgres:bank:hush@db.example/outbox",
            "Postgres:\\\\bank:hush@db.example",
            "\"postgres://bank:hush@db.example/outbox\"",
            "'postgres:/bank:hush@db.example/outbox'",
            "\u{201c}host=db.example password=hush\u{201d}",
            "\u{feff}postgres://bank:hush@db.example/outbox",
            "\u{feff}host=db.example password=hush",
            "postgres%3A%2F%2Fbank%3Ahush@db.example/outbox",
            "mysql://bank:hush@db.example/outbox",
            "file:///srv/hush.db",
            "sqlite:hush.db",
            ":memory:hush",
            "db.example:5432/hush",
            "bank:hush@db.example/outbox",
            "b:hush@db.example/outbox",
            "b:hu/sh@db.example/outbox",
            "//bank:hush@db.example/outbox",
            "-h db.example -U hush",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(
                told.contains("postgres://USER@HOST") && !told.contains("hush"),
                "{text}: {told}"
            );
        }
        for empty in ["", " "] {
            assert!(empty.parse::<Address>().unwrap_err().to_string().contains("empty"));
        }
    }

    #[test]
    fn a_file_is_a_path() {
        for text in [
            "outbox.db",
            "/srv/12:00/me@bank/outbox.db",
            "./postgres:outbox",
            "../host=a.db",
            "~/outbox.db",
            "data/a=b:c.db",
            "me@bank.db",
            "min låda.db",
            "C:\\bank\\outbox.db",
            "c:/bank/outbox.db",
            "C:outbox.db",
            "\\\\server\\share\\outbox.db",
            "\\\\?\\C:\\bank\\outbox.db",
            "//server/share/outbox.db",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.path(), Some(Path::new(text)));
        }
    }
}

//! Which of the places that credentials can come from counts. `--help` says it in the same order.

use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use zeroize::Zeroizing;

use super::entries::{Entries, Entry};
use super::file::SecretFile;
use crate::report::Mistake;
use crate::settings::variable;
use crate::{offices, password};

const USERNAME: &str = "VITEC_CONNECT_USERNAME";

/// What a secret is called, wherever it may be.
struct Names {
    variable: &'static str,
    /// The variable with the path of a file.
    file: &'static str,
    /// In systemd's folder.
    systemds: &'static str,
}

const PASSWORD: Names = Names {
    variable: "VITEC_CONNECT_PASSWORD",
    file: "VITEC_CONNECT_PASSWORD_FILE",
    systemds: "vitec-connect.password",
};

const BASIC: Names = Names {
    variable: "VITEC_CONNECT_BASIC",
    file: "VITEC_CONNECT_BASIC_FILE",
    systemds: "vitec-connect.basic",
};

const OFFICES: &str = "offices.toml";

/// Where the credentials come from.
pub(super) enum Origin {
    /// Each customer's, from one file.
    Offices(SecretFile),
    Account {
        username: Zeroizing<String>,
        password: Secret,
    },
    Basic(Secret),
}

impl Origin {
    /// What an argument names, else each customer's, else the account, else the portal's string.
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, Mistake> {
        if let Ok(Some(path)) = matches.try_get_one::<String>("credentials") {
            return Ok(Self::Offices(SecretFile::of_argument("credentials", path)));
        }
        if let Ok(Some(true)) = matches.try_get_one::<bool>("password-stdin") {
            return Self::with_stdin();
        }
        if let Some(file) = SecretFile::of_systemd(OFFICES)? {
            return Ok(Self::Offices(file));
        }
        match (variable(USERNAME)?, Secret::find(&PASSWORD)?, Secret::find(&BASIC)?) {
            (Some(username), Some(password), _) => Ok(Self::Account { username, password }),
            (_, _, Some(basic)) => Ok(Self::Basic(basic)),
            (None, None, None) => Err(none(matches)),
            (username, password, None) => Err(half(username.is_some(), password.as_ref())),
        }
    }

    fn with_stdin() -> Result<Self, Mistake> {
        let Some(username) = variable(USERNAME)? else {
            return Err(Mistake::new(format!(
                "--password-stdin needs the user name in {USERNAME}"
            )));
        };
        let password = Secret::Given("--password-stdin", password::read(&username)?);
        Ok(Self::Account { username, password })
    }

    /// The credentials as they are there now.
    pub(super) fn read(&self) -> Result<Entries, Mistake> {
        match self {
            Self::Offices(file) => offices::read(file).map(Entries::Each),
            Self::Account { username, password } => {
                let entry = Entry::account(username.clone(), password.read()?);
                // That of the user name says so itself.
                let entry = entry.map_err(|error| match password {
                    Secret::Given(..) => error.into(),
                    Secret::File(file) => file.wrong(error),
                });
                entry.map(Entries::One)
            }
            Self::Basic(encoded) => {
                let entry = Entry::basic(encoded.read()?);
                let entry = entry.map_err(|error| Mistake::new(format!("{encoded}: {error}")));
                entry.map(Entries::One)
            }
        }
    }

    /// What can be another one later.
    pub(super) fn file(&self) -> Option<&SecretFile> {
        match self {
            Self::Offices(file)
            | Self::Basic(Secret::File(file))
            | Self::Account {
                password: Secret::File(file),
                ..
            } => Some(file),
            Self::Basic(Secret::Given(..)) | Self::Account { .. } => None,
        }
    }
}

/// Where one line of secret is.
pub(super) enum Secret {
    /// By what gave it.
    Given(&'static str, Zeroizing<String>),
    File(SecretFile),
}

impl Secret {
    fn find(names: &Names) -> Result<Option<Self>, Mistake> {
        let given = variable(names.variable)?.map(|it| Self::Given(names.variable, it));
        let file = SecretFile::of_variable(names.file)?;
        // A variable may well name the one that systemd gives.
        let systemds = SecretFile::of_systemd(names.systemds)?;
        let systemds = systemds.filter(|it| file.as_ref().is_none_or(|file| !file.is(it)));
        let found = [given, file.map(Self::File), systemds.map(Self::File)];
        let mut found = found.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(Mistake::new(format!(
                "{first} and {second} are both there, and either could be meant: keep one of them"
            ))),
            (first, _) => Ok(first),
        }
    }

    fn read(&self) -> Result<Zeroizing<String>, Mistake> {
        match self {
            Self::Given(_, text) => Ok(text.clone()),
            Self::File(file) => file.line(),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name, _) => f.write_str(name),
            Self::File(file) => file.fmt(f),
        }
    }
}

/// The user name and the password of the environment, in this order, or neither.
pub(crate) fn account() -> Result<Option<[Zeroizing<String>; 2]>, Mistake> {
    match (variable(USERNAME)?, Secret::find(&PASSWORD)?) {
        (Some(username), Some(password)) => Ok(Some([username, password.read()?])),
        (None, None) => Ok(None),
        (username, password) => Err(half(username.is_some(), password.as_ref())),
    }
}

/// The files that the environment names: nothing may be written over them.
pub(crate) fn files() -> Vec<PathBuf> {
    let by_variable = [PASSWORD.file, BASIC.file].map(SecretFile::of_variable);
    let systemds = [OFFICES, PASSWORD.systemds, BASIC.systemds].map(SecretFile::of_systemd);
    // What is wrong with one is said by whoever needs it.
    let files = by_variable
        .into_iter()
        .chain(systemds)
        .filter_map(|it| it.ok().flatten());
    files.map(|it| it.path().to_owned()).collect()
}

fn half(has_username: bool, password: Option<&Secret>) -> Mistake {
    let password = password.map_or_else(|| PASSWORD.variable.to_owned(), Secret::to_string);
    let (set, missing) = match has_username {
        true => (USERNAME, password.as_str()),
        false => (password.as_str(), USERNAME),
    };
    Mistake::new(format!(
        "{set} is set and {missing} is not; they belong together: set {missing} too, or none of them"
    ))
}

fn none(matches: &ArgMatches) -> Mistake {
    let trial = match matches.try_get_one::<bool>("sandbox") {
        Ok(Some(_)) => "; or try it with --sandbox",
        _ => "",
    };
    Mistake::new(format!(
        "there are no credentials: set {USERNAME} and {}, or {}, or name a file with --credentials; --help has more ways\
         {trial}",
        PASSWORD.variable, BASIC.variable
    ))
}

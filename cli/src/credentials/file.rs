//! A file with secrets in it.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::password::first_line;
use crate::report::Mistake;
use crate::settings::variable;

/// The folder that systemd makes for the credentials of a service.
const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// A file with secrets in it, by what it is called in messages.
pub(crate) struct SecretFile {
    name: String,
    path: PathBuf,
}

impl SecretFile {
    pub(super) fn of_argument(argument: &str, path: &str) -> Self {
        Self {
            name: format!("--{argument} {path}"),
            path: path.into(),
        }
    }

    /// The one that a variable names. Who mistook it for that of the secret itself has the secret in it: no message shows it.
    pub(super) fn of_variable(name: &str) -> Result<Option<Self>, Mistake> {
        let path = variable(name)?;
        Ok(path.map(|path| Self {
            name: name.to_owned(),
            path: path.as_str().into(),
        }))
    }

    /// The one of this name that systemd gives to the service, if it does.
    pub(super) fn of_systemd(name: &str) -> Result<Option<Self>, Mistake> {
        let Some(folder) = variable(FOLDER)? else {
            return Ok(None);
        };
        let path = Path::new(&*folder).join(name);
        let file = Self {
            name: path.display().to_string(),
            path,
        };
        match fs::metadata(&file.path) {
            Ok(_) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file.wrong(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether both paths lead to the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        matches!((self.path.canonicalize(), other.path.canonicalize()), (Ok(one), Ok(two)) if one == two)
    }

    pub(crate) fn wrong(&self, what: impl fmt::Display) -> Mistake {
        Mistake::new(format!("{}: {what}", self.name))
    }

    /// All of it.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, Mistake> {
        let read = || {
            let mut file = File::open(&self.path)?;
            let metadata = file.metadata()?;
            // Large enough not to grow, which would leave a copy behind.
            let size = usize::try_from(metadata.len()).unwrap_or_default();
            let mut bytes = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
            file.read_to_end(&mut bytes)?;
            Ok((metadata, bytes))
        };
        let (metadata, bytes) = read().map_err(|error: io::Error| self.wrong(error))?;
        self.only_the_owner_can_read(&metadata)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| self.wrong("it is not UTF-8"))?;
        Ok(Zeroizing::new(text.trim_start_matches('\u{feff}').to_owned()))
    }

    /// The secret that its first line is.
    pub(super) fn line(&self) -> Result<Zeroizing<String>, Mistake> {
        match first_line(&self.read()?) {
            "" => Err(self.wrong("there is nothing on its first line")),
            line => Ok(Zeroizing::new(line.to_owned())),
        }
    }

    #[cfg(unix)]
    fn only_the_owner_can_read(&self, metadata: &Metadata) -> Result<(), Mistake> {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 == 0 || self.is_systemds() {
            return Ok(());
        }
        Err(self.wrong(format!(
            "others can read it (mode {mode:04o}), and it holds passwords: chmod 600 it"
        )))
    }

    #[cfg(not(unix))]
    fn only_the_owner_can_read(&self, _: &Metadata) -> Result<(), Mistake> {
        Ok(()) // Windows has no modes; its users' folders are private.
    }

    /// Whether it lies in systemd's folder, which nobody else can enter, whatever the modes in it.
    #[cfg(unix)]
    fn is_systemds(&self) -> bool {
        let Ok(Some(folder)) = variable(FOLDER) else {
            return false;
        };
        match (self.path.canonicalize(), Path::new(&*folder).canonicalize()) {
            (Ok(path), Ok(folder)) => path.starts_with(folder),
            _ => false,
        }
    }

    /// What stands behind its path at the moment, links followed.
    pub(super) fn state(&self) -> State {
        match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_file() || metadata.is_dir() => State::There(Version::of(&metadata)),
            Ok(_) => State::Once,
            Err(error) => State::Away(error.kind()),
        }
    }
}

impl fmt::Display for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    There(Version),
    /// A pipe: what was read is gone from it.
    Once,
    Away(io::ErrorKind),
}

/// What tells a file from one that was there before.
#[cfg(unix)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    place: [u64; 3],
    /// `chmod` mends a file.
    mode: u32,
    /// Of its content, and of what is said about it: `cp -p` keeps the first one.
    times: [i64; 4],
}

#[cfg(unix)]
impl Version {
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            place: [metadata.dev(), metadata.ino(), metadata.size()],
            mode: metadata.mode(),
            times: [
                metadata.mtime(),
                metadata.mtime_nsec(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ],
        }
    }
}

#[cfg(not(unix))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(u64, Option<std::time::SystemTime>);

#[cfg(not(unix))]
impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.len(), metadata.modified().ok())
    }
}

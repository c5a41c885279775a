//! The file itself: made for its owner's eyes only, written so that a power cut undoes nothing, its failures in words.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::error::{Error, ErrorKind, database};

/// How long another program may hold the database.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Makes the file and the folders to it, where they are missing. SQLite gives its `-wal` and `-shm` the same mode.
pub(super) fn create(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    private().open(path)?.sync_all()?;
    // The file's name is an entry of its folder: without this a power cut can forget the file.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// For the owner only: payloads may be personal data.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that was made otherwise, and what lies beside it, becomes its owner's only, where nothing but an outbox is in it.
/// Where that may not be done it stays as it is: it is another's file.
#[cfg(unix)]
pub(super) fn tighten(path: &Path, connection: &Connection) -> rusqlite::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let others = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'vitec_connect_*'";
    if connection.query_row(others, [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    for end in ["", "-wal", "-shm", ".lock"] {
        let mut path = path.as_os_str().to_owned();
        path.push(end);
        // By its name: opening the file and closing it would drop SQLite's locks on it.
        if fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            let _ = fs::set_permissions(&path, PermissionsExt::from_mode(0o600));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn tighten(_: &Path, _: &Connection) -> rusqlite::Result<()> {
    Ok(())
}

/// A commit is on the disk when it returns. With `synchronous = NORMAL` a power cut could undo "sending", and the row
/// would be sent again.
pub(super) fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // macOS: `fsync` alone leaves the drive's own cache unwritten.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // Purged payloads are overwritten, not only forgotten.
    connection.pragma_update(None, "secure_delete", true)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    match mode == "wal" && synchronous == 2 {
        true => Ok(()),
        false => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!(
                "it would not be durable here: journal_mode={mode}, synchronous={synchronous}"
            )),
        )),
    }
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Identity {
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let file = fs::metadata(path).map_err(|error| file_error(path, error))?;
        Ok(Self::new(&file))
    }

    #[cfg(unix)]
    fn new(file: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: file.dev(),
            inode: file.ino(),
        }
    }

    #[cfg(not(unix))]
    fn new(_: &fs::Metadata) -> Self {
        Self {}
    }

    /// Whether the path still leads to this file, and where that is wanted, no other path does.
    ///
    /// Only a `stat`: opening the file and closing it again would drop SQLite's locks on it.
    pub(super) fn check(self, path: &Path, only_name: bool) -> Result<(), Error> {
        let refuse = |why| Error::new(ErrorKind::File, format!("{}: {why}", path.display()));
        match fs::metadata(path) {
            Ok(file) if Self::new(&file) != self => Err(refuse(
                "another file has taken the outbox's place while it was used. Nothing more is sent. Put the old file \
                 back and run it again: it alone knows what has been sent.",
            )),
            Ok(file) if only_name && names(&file) > 1 => Err(refuse(
                "the outbox's file has a second name (a hard link): under each of them a delivery could begin, and \
                 everything would be sent twice. Remove the other names (find them with `find / -xdev -samefile`), and \
                 run it again. Nothing is sent before.",
            )),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(refuse(
                "the outbox's file was deleted or moved while it was used. Nothing more is sent. Put it back and run it \
                 again: it alone knows what has been sent.",
            )),
            Err(error) => Err(file_error(path, error)),
        }
    }
}

/// How many names a file has.
#[cfg(unix)]
fn names(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

#[cfg(not(unix))]
fn names(_: &fs::Metadata) -> u64 {
    1
}

/// What was asked for is not waited for any longer.
pub(super) fn abandoned() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT), None)
}

/// What a failure of SQLite's means.
pub(super) fn failed(path: &Path, error: rusqlite::Error) -> Error {
    // An error of our own, on its way through SQLite's.
    let error = match error {
        rusqlite::Error::ToSqlConversionFailure(source) => match source.downcast::<Error>() {
            Ok(ours) => return *ours,
            Err(source) => rusqlite::Error::ToSqlConversionFailure(source),
        },
        error => error,
    };
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ErrorKind::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => ErrorKind::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Locked,
        Some(ErrorCode::CannotOpen) => ErrorKind::NotFound,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => ErrorKind::Unsupported,
        // No tables: a database of somebody else's.
        Some(ErrorCode::Unknown) if error.to_string().contains("no such table") => ErrorKind::Unsupported,
        _ => ErrorKind::Database,
    };
    database(kind, &path.display().to_string(), error)
}

/// The same for what happens before SQLite.
pub(super) fn file_error(path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        _ => ErrorKind::NotFound,
    };
    database(kind, &path.display().to_string(), error)
}

/// SQLite waits for the disk: not on a thread that others need.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::new(ErrorKind::Database, "the outbox's work was broken off").with_source(error)),
    }
}

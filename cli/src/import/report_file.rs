//! Where the report goes, and that it destroys nothing there.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use vitec_connect_outbox::{Batch, Delivered, ReportRow};

use crate::document::beside;
use crate::print::harmless;
use crate::report::Mistake;

/// Before and behind what a row is for.
const BEFORE: [&str; 2] = ["line", "reference"];
const BEHIND: [&str; 5] = ["row", "state", "status", "answer", "message"];

/// The customer and the parameters of what is delivered.
fn columns() -> Vec<String> {
    let Some(delivered) = Delivered::operation() else {
        return Vec::new();
    };
    let own = [&BEFORE[..], &BEHIND].concat();
    let names = std::iter::once(delivered.customer()).chain(delivered.parameters());
    names.map(|it| beside(&own, it)).collect()
}

/// Where the report goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Nowhere,
    /// `-`: the summary goes to stderr.
    Stdout,
    /// What stdout is, by its name: opened a second time, each would write over the other.
    AlsoStdout(PathBuf),
    /// A regular file, or none yet: replaced as a whole.
    File(PathBuf),
    /// A device or a pipe: written as it is.
    Direct(PathBuf),
}

impl Destination {
    /// What `--report` says. Refused where it is one of the files that are needed, by whatever name, or where no file can
    /// be made. Nothing is touched.
    pub(crate) fn check(given: Option<&str>, needed: &[Needed]) -> Result<Self, Mistake> {
        let Some(given) = given else { return Ok(Self::Nowhere) };
        let wrong = |what: String| Mistake::new(format!("--report {given}: {what}"));
        if given == "-" {
            return Ok(Self::Stdout);
        }
        let path = Path::new(given);
        let place = Place::of(path).map_err(|error| wrong(error.to_string()))?;
        if let Some(needed) = needed.iter().find(|it| it.place.is(&place)) {
            return Err(wrong(format!(
                "this is {}, which the report would destroy: name another file",
                needed.what
            )));
        }
        match &place.metadata {
            Some(there) if there.is_dir() => Err(wrong("this is a folder: name a file in it".to_owned())),
            Some(there) if is_stdout(there) => Ok(Self::AlsoStdout(path.to_owned())),
            Some(there) if !there.is_file() => Ok(Self::Direct(path.to_owned())),
            _ => match temporary(&place.path) {
                // Gone again at once: what comes later is a file of its own.
                Ok(_) => Ok(Self::File(place.path)),
                Err(error) => Err(wrong(format!("no file can be made in its folder: {error}"))),
            },
        }
    }

    /// Whether the summary goes to stderr.
    pub(crate) fn has_stdout(&self) -> bool {
        *self == Self::Stdout
    }

    /// Whether it is stdout, by whatever name.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout | Self::AlsoStdout(_))
    }

    /// Whether writing it can wait for a reader.
    pub(crate) fn may_wait(&self) -> bool {
        !matches!(self, Self::Nowhere | Self::File(_))
    }

    /// For messages; none where there is no report.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Nowhere => None,
            Self::Stdout => Some("stdout".to_owned()),
            Self::AlsoStdout(path) | Self::File(path) | Self::Direct(path) => Some(path.display().to_string()),
        }
    }

    /// Writes the report. A regular file is there as a whole, or is what it was before.
    pub(crate) fn write(&self, batch: &mut Batch) -> Result<(), Mistake> {
        let to = self.name().unwrap_or_default();
        let written = match self {
            Self::Nowhere => Ok(()),
            Self::Stdout | Self::AlsoStdout(_) => match lines(io::stdout().lock(), batch) {
                // A reader who has seen enough is no failure.
                Err(Failed::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other,
            },
            Self::File(path) => replace(path, batch),
            Self::Direct(path) => (|| lines(File::options().write(true).open(path)?, batch))(),
        };
        written.map_err(|error| match error {
            Failed::Io(error) => Mistake::new(format!("the report could not be written to {to}: {error}")),
            Failed::Spool(error) => Mistake::new(format!("the report could not be written: {error}")),
        })
    }
}

/// A file that the import needs.
pub(crate) struct Needed {
    what: &'static str,
    place: Place,
}

impl Needed {
    /// One that cannot be looked at is told of by whoever reads it.
    pub(crate) fn new(what: &'static str, path: &Path) -> Option<Self> {
        let place = Place::of(path).ok()?;
        Some(Self { what, place })
    }

    /// What stdin was redirected from.
    #[cfg(unix)]
    pub(crate) fn stdin(what: &'static str) -> Option<Self> {
        let metadata = opened(&io::stdin()).ok().filter(Metadata::is_file)?;
        let place = Place {
            path: PathBuf::new(),
            metadata: Some(metadata),
        };
        Some(Self { what, place })
    }

    #[cfg(not(unix))]
    pub(crate) fn stdin(_: &'static str) -> Option<Self> {
        None
    }

    /// The outbox, and what lies beside it.
    pub(crate) fn outbox(path: &Path) -> Vec<Self> {
        let path = Place::of(path).map_or(path.to_owned(), |it| it.path);
        ["", "-wal", "-shm", "-journal", ".lock"]
            .into_iter()
            .filter_map(|end| {
                let mut path = path.clone().into_os_string();
                path.push(end);
                Self::new("the outbox", Path::new(&path))
            })
            .collect()
    }
}

/// What a path leads to: behind its links, whether it is there or not.
struct Place {
    path: PathBuf,
    metadata: Option<Metadata>,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Self {
                // A pipe has no path.
                path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
                metadata: Some(metadata),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self {
                path: to_be(path)?,
                metadata: None,
            }),
            Err(error) => Err(error),
        }
    }

    fn is(&self, other: &Self) -> bool {
        if self.path == other.path {
            return true;
        }
        match (&self.metadata, &other.metadata) {
            (Some(one), Some(other)) => is_same(one, other),
            _ => false,
        }
    }
}

/// Where a file is to be: a link may lead to one that is not there yet.
fn to_be(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => {
                let name = path
                    .file_name()
                    .ok_or_else(|| io::Error::other("this is no name of a file"))?;
                return Ok(fs::canonicalize(folder)?.join(name));
            }
        }
    }
    Err(io::Error::other("its links lead nowhere"))
}

/// One file by two names.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn is_stdout(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    opened(&io::stdout()).is_ok_and(|it| (it.dev(), it.ino()) == (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn is_stdout(_: &Metadata) -> bool {
    false
}

/// What stands behind a stream.
#[cfg(unix)]
fn opened(stream: &impl std::os::fd::AsFd) -> io::Result<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned()?).metadata()
}

/// A file beside another one, for its owner only: answers may be personal data. Gone where it is dropped.
fn temporary(beside: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = beside.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".vitec-connect-report-")
        .tempfile_in(folder)
}

fn replace(path: &Path, batch: &mut Batch) -> Result<(), Failed> {
    let file = temporary(path)?;
    lines(file.as_file(), batch)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn lines(to: impl Write, batch: &mut Batch) -> Result<(), Failed> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(to));
    let names = columns();
    let names = names.iter().map(String::as_str);
    csv.write_record(BEFORE.into_iter().chain(names).chain(BEHIND))?;
    batch.report::<Failed>(|row| Ok(csv.write_record(cells(row))?))?;
    csv.flush()?;
    Ok(())
}

fn cells(row: &ReportRow) -> Vec<String> {
    let number = |number: Option<u64>| number.map_or(String::new(), |it| it.to_string());
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let said = |text: &Option<String>| text.as_deref().map_or(String::new(), harmless);
    let mut cells = vec![number(row.line), own(&row.reference), own(&row.customer_id)];
    if let Some(delivered) = Delivered::operation() {
        let mut texts = row
            .subject
            .as_deref()
            .map(|it| delivered.texts(it))
            .unwrap_or_default()
            .into_iter();
        cells.extend(
            delivered
                .parameters()
                .iter()
                .map(|_| texts.next().map(|it| it.1).unwrap_or_default()),
        );
    }
    cells.extend([
        row.id.map_or(String::new(), |it| it.to_string()),
        row.state.to_string(),
        number(row.status.map(u64::from)),
        said(&row.answer),
        said(&row.message),
    ]);
    cells
}

enum Failed {
    Io(io::Error),
    Spool(vitec_connect_outbox::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<csv::Error> for Failed {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::Io(error),
            other => Self::Io(io::Error::other(format!("{other:?}"))),
        }
    }
}

impl From<vitec_connect_outbox::Error> for Failed {
    fn from(error: vitec_connect_outbox::Error) -> Self {
        Self::Spool(error)
    }
}

//! The credentials of a command: where they come from, and whether they are others by now.

mod entries;
mod file;
mod origin;
mod source;

pub(crate) use self::entries::{Change, Entry};
pub(crate) use self::file::SecretFile;
pub(crate) use self::origin::{account, files};
pub(crate) use self::source::Source;

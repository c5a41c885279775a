//! The credentials of a command that runs for long: read again when they change.

use std::sync::{Mutex, PoisonError};

use clap::ArgMatches;

use super::entries::{Change, Current};
use super::file::State;
use super::origin::Origin;
use crate::report::Mistake;

/// Where a command has its credentials from, and those that it has at the moment.
pub(crate) struct Source {
    origin: Origin,
    current: Current,
    seen: Mutex<Seen>,
}

/// What was seen of the file.
struct Seen {
    /// When it was last looked at.
    last: Option<State>,
    /// When it was last read, with or without success.
    read: Option<State>,
    /// Whether that was without.
    is_bad: bool,
}

impl Source {
    /// Finds and reads them, as arguments and environment say.
    pub(crate) fn open(matches: &ArgMatches) -> Result<Self, Mistake> {
        Self::of(Origin::of(matches)?)
    }

    fn of(origin: Origin) -> Result<Self, Mistake> {
        // What is written while it is read differs from this at the next look.
        let state = origin.file().map(|it| it.state());
        let current = Current::new(origin.read()?);
        let seen = Mutex::new(Seen {
            last: state,
            read: state,
            is_bad: false,
        });
        Ok(Self { origin, current, seen })
    }

    /// For a client: the credentials of the moment, at each attempt.
    pub(crate) fn credentials(&self) -> Current {
        self.current.clone()
    }
}

impl Source {
    /// Looks whether the file is another one, at the cost of one look at its metadata. It is read once two looks in a row
    /// saw the same: one that is being written is not taken half. What is wrong with it is said once for each such state.
    pub(crate) fn check(&self) -> Option<Change> {
        let state = self.origin.file()?.state();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = seen.last.replace(state) == Some(state);
        match rests && seen.read != Some(state) {
            true => self.read(&mut seen, state),
            false => None,
        }
    }

    /// Reads the file now, whether it is another one or not.
    pub(crate) fn reread(&self) -> Option<Change> {
        let state = self.origin.file()?.state();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.read(&mut seen, state)
    }

    fn read(&self, seen: &mut Seen, state: State) -> Option<Change> {
        if state == State::Once {
            return None;
        }
        let read = self.origin.read();
        if self.origin.file()?.state() != state {
            return None; // Replaced meanwhile: the next looks see to it.
        }
        seen.read = Some(state);
        let was_bad = std::mem::replace(&mut seen.is_bad, read.is_err());
        match read.map(|entries| self.current.replace(entries)) {
            Ok(Change::Customers(none)) if none.is_empty() && !was_bad => None,
            Ok(change) => Some(change),
            Err(mistake) => Some(Change::Kept(format!(
                "{mistake}; the credentials read before go on serving"
            ))),
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;
    use vitec_connect::{Client, ErrorKind, LoanPromise};
    use vitec_connect_sandbox::Sandbox;
    use zeroize::Zeroizing;

    use super::super::file::SecretFile;
    use super::super::origin::Secret;
    use super::*;

    fn written(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn offices(passwords: &[(&str, &str)]) -> String {
        let office =
            |(customer, password)| format!("[{customer}]\nusername = \"partner\"\npassword = \"{password}\"\n");
        passwords.iter().copied().map(office).collect()
    }

    fn file(path: &Path) -> SecretFile {
        SecretFile::of_argument("credentials", path.to_str().unwrap())
    }

    /// `offices.toml` of M1 and M2 in a folder, and what follows it.
    fn followed() -> (TempDir, PathBuf, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("offices.toml");
        written(&path, &offices(&[("M1", "hemligt"), ("M2", "hemligt")]));
        let source = Source::of(Origin::Offices(file(&path))).unwrap();
        (folder, path, source)
    }

    fn customers(ids: &[&str]) -> Option<Change> {
        Some(Change::Customers(ids.iter().copied().map(str::to_owned).collect()))
    }

    /// What a follower hears of it: at the second look, and once.
    fn heard(source: &Source) -> Option<Change> {
        assert_eq!(source.check(), None, "a file may still be written");
        let change = source.check();
        assert_eq!(source.check(), None, "said once");
        change
    }

    #[test]
    fn who_changed_appeared_or_disappeared_is_told() {
        let (_folder, path, source) = followed();
        assert_eq!((heard(&source), source.reread()), (None, None));
        written(&path, &offices(&[("M3", "hemligt"), ("M1", "nytt-hemligt")]));
        assert_eq!(heard(&source), customers(&["M1", "M2", "M3"]));
        written(
            &path,
            &format!("# a remark\n{}", offices(&[("M1", "nytt-hemligt"), ("M3", "hemligt")])),
        );
        assert_eq!(heard(&source), None, "the entries are the same");
        written(&path, &offices(&[("M1", "nytt-hemligt")]));
        assert_eq!(source.reread(), customers(&["M3"]), "a signal does not wait");
        assert_eq!(heard(&source), None);
    }

    #[test]
    fn a_file_is_another_one_whichever_way_it_was_replaced() {
        let (folder, path, source) = followed();
        let new = folder.path().join("new");
        written(&new, &offices(&[("M1", "HEMLIGT"), ("M2", "hemligt")])); // As long as before.
        fs::rename(&new, &path).unwrap();
        assert_eq!(heard(&source), customers(&["M1"]));
        // As Kubernetes does it: file → ..data/file, ..data → a folder, and only that is swapped.
        for (version, password) in [("v1", "ett"), ("v2", "TVÅ")] {
            let version = folder.path().join(version);
            fs::create_dir(&version).unwrap();
            written(&version.join("offices.toml"), &offices(&[("M1", password)]));
        }
        let swap = |version| {
            symlink(version, folder.path().join("..tmp")).unwrap();
            fs::rename(folder.path().join("..tmp"), folder.path().join("..data")).unwrap();
        };
        swap("v1");
        fs::remove_file(&path).unwrap();
        symlink("..data/offices.toml", &path).unwrap();
        assert_eq!(heard(&source), customers(&["M1", "M2"]));
        swap("v2");
        assert_eq!(heard(&source), customers(&["M1"]));
    }

    #[test]
    fn a_bad_file_keeps_the_old_one_and_is_told_of_once_for_each_state() {
        let (_folder, path, source) = followed();
        let good = fs::read_to_string(&path).unwrap();
        let kept = |expected: &str| {
            let Some(Change::Kept(why)) = heard(&source) else {
                panic!("{expected}")
            };
            assert!(why.contains(expected) && why.contains("go on serving"), "{why}");
            assert!(!why.contains("hemligt"), "{why}");
        };
        written(&path, "[M1]\nusername = \"partner\"\npassword = \"hemligt");
        kept("line 3");
        assert!(
            matches!(source.reread(), Some(Change::Kept(_))),
            "who asks is told again"
        );
        written(&path, "");
        kept("no customer");
        written(&path, "[M1]\nusername = \"partner\"\npassword = \"hemligt\\n\"\n");
        kept("customer M1");
        fs::remove_file(&path).unwrap();
        kept("No such file");
        fs::write(&path, &good).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        kept("chmod 600");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(heard(&source), customers(&[]), "as it was, and that is told");
        assert_eq!(heard(&source), None);
    }

    #[test]
    fn half_a_file_is_not_taken() {
        let (_folder, path, source) = followed();
        let whole = fs::read_to_string(&path).unwrap();
        // Anew, entry by entry: each part could be read.
        for part in ["", "[M1]\nusername = \"partner\"\npassword = \"hemligt\"\n", &whole] {
            fs::write(&path, part).unwrap();
            assert_eq!(source.check(), None, "{part}");
        }
        assert_eq!(heard(&source), None);
    }

    #[test]
    fn of_one_account_every_customer_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let username = || Zeroizing::new("partner".to_owned());
        let account = || Origin::Account {
            username: username(),
            password: Secret::File(file(&path)),
        };
        written(&path, "\u{feff}hemligt\r\nand more\n");
        let source = Source::of(account()).unwrap();
        written(&path, "hemligt");
        assert_eq!(heard(&source), None, "the same first line");
        written(&path, "nytt-hemligt\n");
        assert_eq!(heard(&source), Some(Change::All));
        written(&path, "\nhemligt");
        assert!(matches!(heard(&source), Some(Change::Kept(why)) if why.contains("first line")));
        let fixed = Secret::Given("VITEC_CONNECT_PASSWORD", Zeroizing::new("hemligt".to_owned()));
        let fixed = Source::of(Origin::Account {
            username: username(),
            password: fixed,
        });
        assert_eq!(fixed.unwrap().reread(), None);
    }

    #[test]
    fn what_came_through_a_pipe_is_not_waited_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mut mkfifo = std::process::Command::new("mkfifo");
        mkfifo.args(["-m", "600"]).arg(&path);
        assert!(mkfifo.status().unwrap().success());
        let writer = {
            let path = path.clone();
            std::thread::spawn(move || fs::write(path, offices(&[("M1", "hemligt")])).unwrap())
        };
        let source = Source::of(Origin::Offices(file(&path))).unwrap();
        writer.join().unwrap();
        assert_eq!((heard(&source), source.reread()), (None, None));
    }

    #[tokio::test]
    async fn a_client_calls_with_what_was_read_last() {
        let sandbox = Sandbox::builder().customer("M1", "partner", "nytt-hemligt").start();
        let sandbox = sandbox.await.unwrap();
        let (_folder, path, source) = followed();
        let client = Client::builder().base_url(sandbox.url());
        let client = client.credentials(source.credentials()).build().unwrap();
        let kind = async |customer: &str| {
            let body = LoanPromise::builder().bank("b".to_owned());
            let called = client.create_loan_promise(&customer.parse().unwrap(), &"1".parse().unwrap(), &body.build());
            called.await.map_err(|error| error.kind()).err()
        };
        assert_eq!(kind("M1").await, Some(ErrorKind::Unauthorized));
        written(&path, &offices(&[("M1", "nytt-hemligt")]));
        assert_eq!(heard(&source), customers(&["M1", "M2"]));
        assert_eq!(kind("M1").await, None);
        assert_eq!(kind("M2").await, Some(ErrorKind::Credentials), "nothing is sent");
        written(&path, "[M1]\n");
        assert!(matches!(source.reread(), Some(Change::Kept(_))));
        assert_eq!(kind("M1").await, None);
    }
}

//! The password, from where PostgreSQL's own tools take it when the URL has none: `PGPASSWORD`, then a password file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The variables of the environment.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

pub(super) enum Found {
    Password(Vec<u8>),
    /// There is a file, and it is not read: why.
    Ignored(String),
    Nothing,
}

/// Looks for the password of one server.
pub(super) fn find(server: &Config, environment: Environment<'_>) -> Found {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(password) = variable("PGPASSWORD") {
        return Found::Password(password.into_encoded_bytes());
    }
    let named = variable("PGPASSFILE").map(PathBuf::from);
    let usual = || match cfg!(windows) {
        true => variable("APPDATA").map(|folder| Path::new(&folder).join("postgresql").join("pgpass.conf")),
        false => variable("HOME").map(|folder| Path::new(&folder).join(".pgpass")),
    };
    let is_named = named.is_some();
    let Some(path) = named.or_else(usual) else {
        return Found::Nothing;
    };
    let lines = match read(&path) {
        Ok(lines) => lines,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_named => return Found::Nothing,
        Err(error) => return Found::Ignored(format!("the password file {} is ignored: {error}", path.display())),
    };
    let user = server.get_user().map(str::to_owned).or_else(|| {
        let user = variable("USER").or_else(|| variable("USERNAME"))?;
        user.into_string().ok()
    });
    let user = user.unwrap_or_default();
    let database = server.get_dbname().unwrap_or(&user);
    let port = server.get_ports().first().copied().unwrap_or(5432).to_string();
    let hosts = hosts(server);
    for line in lines.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"#") {
            continue;
        }
        let fields = fields(line);
        let [host, its_port, its_database, its_user, password, ..] = fields.as_slice() else {
            continue;
        };
        if hosts.iter().any(|name| host.is(name))
            && its_port.is(&port)
            && its_database.is(database)
            && its_user.is(&user)
        {
            return Found::Password(password.text.clone());
        }
    }
    Found::Nothing
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Err(std::io::Error::other("others can read it: chmod 0600"));
    }
    fs::read(path)
}

/// The names under which the file may know the server: a socket in the usual place is `localhost` there.
fn hosts(server: &Config) -> Vec<String> {
    match server.get_hosts().first() {
        Some(Host::Tcp(name)) => vec![name.clone()],
        #[cfg(unix)]
        Some(Host::Unix(path)) => {
            let usual = ["/tmp", "/run/postgresql", "/var/run/postgresql"];
            let local = usual.iter().any(|folder| Path::new(folder) == path);
            let mut names = vec![path.to_string_lossy().into_owned()];
            names.extend(local.then(|| "localhost".to_owned()));
            names
        }
        None => server.get_hostaddrs().iter().map(ToString::to_string).collect(),
    }
}

/// A field of a line, its `\:` and `\\` read.
struct Field {
    text: Vec<u8>,
    /// A star that is not escaped: it stands for anything.
    is_any: bool,
}

impl Field {
    fn is(&self, value: &str) -> bool {
        self.is_any || self.text == value.as_bytes()
    }
}

fn fields(line: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let (mut text, mut escaped) = (Vec::new(), false);
    let mut bytes = line.iter();
    loop {
        match bytes.next() {
            Some(b'\\') => {
                escaped = true;
                text.push(*bytes.next().unwrap_or(&b'\\'));
            }
            Some(byte) if *byte != b':' => text.push(*byte),
            end => {
                let is_any = text == b"*" && !escaped;
                fields.push(Field {
                    text: std::mem::take(&mut text),
                    is_any,
                });
                escaped = false;
                if end.is_none() {
                    return fields;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::url::{Server, Url};

    /// The only server of a URL, in an environment.
    fn server(rest: &str, environment: &[(&str, &str)]) -> Server {
        let variables: HashMap<&str, &str> = environment.iter().copied().collect();
        let url = Url::parse(rest, &|name| variables.get(name).map(Into::into));
        url.unwrap().servers.pop().unwrap()
    }

    fn password(server: &Server) -> Option<&str> {
        server.config.get_password().map(|it| std::str::from_utf8(it).unwrap())
    }

    /// A folder with a password file for its owner only.
    fn home(lines: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".pgpass");
        std::fs::write(&path, lines).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn the_url_goes_before_the_variable_and_that_before_the_file() {
        let (_folder, path) = home("*:*:*:*:file\n");
        let both = [("PGPASSWORD", "variable"), ("PGPASSFILE", path.as_str())];
        assert_eq!(password(&server("bank:url@db.example/a", &both)), Some("url"));
        assert_eq!(password(&server("bank:@db.example/a", &both)), Some("variable"));
        assert_eq!(password(&server("bank@db.example/a", &both)), Some("variable"));
        assert_eq!(password(&server("bank@db.example/a", &both[1..])), Some("file"));
        assert_eq!(password(&server("bank@db.example/a", &[])), None);
    }

    #[test]
    #[cfg(unix)]
    fn the_file_lies_in_the_home_folder() {
        let (folder, _) = home("*:*:*:*:file\n");
        let environment = [("HOME", folder.path().to_str().unwrap())];
        assert_eq!(password(&server("bank@db.example/a", &environment)), Some("file"));
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let lines = "# host:port:database:user:password\n\
            short:line\n\
            a.example:5433:outbox:bank:by port\r\n\
            a.example:*:outbox:te\\:ller:by \\\\ and \\: \n\
            \\*:*:*:*:a star by name\n\
            fe80\\:\\:1:*:*:*:by address\n\
            localhost:*:*:*:by socket\n\
            a.example:*:*:bank:first\n\
            *:*:*:bank:second\n";
        let (_folder, path) = home(lines);
        let environment = [("PGPASSFILE", path.as_str())];
        for (rest, expected) in [
            ("bank@a.example:5433/outbox", Some("by port")),
            ("te%3Aller@a.example/outbox", Some("by \\ and : ")),
            ("other@%2A/outbox", Some("a star by name")),
            ("other@[fe80::1]/outbox", Some("by address")),
            ("bank@a.example/outbox", Some("first")),
            ("bank@b.example/outbox", Some("second")),
            ("other@b.example/outbox", None),
        ] {
            assert_eq!(password(&server(rest, &environment)), expected, "{rest}");
        }
        if cfg!(unix) {
            let socket = server("/outbox?user=other&host=/run/postgresql", &environment);
            assert_eq!(password(&socket), Some("by socket"));
        }
    }

    #[test]
    fn the_database_is_the_users_where_none_is_named() {
        let (_folder, path) = home("*:*:bank:bank:own\n");
        let environment = [("PGPASSFILE", path.as_str())];
        assert_eq!(password(&server("bank@db.example", &environment)), Some("own"));
        let environment = [("PGPASSFILE", path.as_str()), ("USER", "bank")];
        assert_eq!(password(&server("db.example", &environment)), Some("own"));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_ignored_and_the_reason_kept() {
        let (folder, path) = home("*:*:*:*:file\n");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let lax = server("bank@db.example/a", &[("PGPASSFILE", path.as_str())]);
        assert_eq!(password(&lax), None);
        assert!(lax.note.unwrap().contains("chmod 0600"));
        for missing in [folder.path().join("none"), folder.path().to_owned()] {
            let named = server("bank@db.example/a", &[("PGPASSFILE", missing.to_str().unwrap())]);
            assert!(named.note.unwrap().contains("is ignored"));
        }
    }
}

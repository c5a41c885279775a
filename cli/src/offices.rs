//! Each customer's credentials, from a file.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use vitec_connect::{Credentials, CustomerId};
use zeroize::Zeroizing;

use crate::report::Mistake;

/// What stands behind a customer id in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Office {
    #[serde(alias = "user", alias = "user_name", alias = "user name")]
    username: String,
    password: Zeroizing<String>,
}

/// Reads TOML: `[M30011]`, `username = "…"`, `password = "…"`.
pub(crate) fn read(path: &Path) -> Result<HashMap<CustomerId, Credentials>, Mistake> {
    let shown = path.display();
    let wrong = |what: String| Mistake::new(format!("--credentials {shown}: {what}"));
    only_the_owner_can_read(path).map_err(wrong)?;
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| wrong(error.to_string()))?;
    // Of a mistake only the line: what toml quotes may be a password.
    let offices: HashMap<String, Office> = toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        wrong(format!(
            "line {line}: a customer is [M30011] with username = \"…\" and password = \"…\""
        ))
    })?;
    offices
        .into_iter()
        .map(|(customer, office)| {
            let id: CustomerId = customer
                .parse()
                .map_err(|error| wrong(format!("{customer:?}: {error}")))?;
            let credentials = Credentials::basic(&office.username, &*office.password)
                .map_err(|error| wrong(format!("customer {customer}: {error}")))?;
            Ok((id, credentials))
        })
        .collect()
}

#[cfg(unix)]
fn only_the_owner_can_read(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .permissions()
        .mode()
        & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(format!(
            "others can read it (mode {mode:04o}), and it holds passwords: chmod 600 it"
        )),
    }
}

#[cfg(not(unix))]
fn only_the_owner_can_read(_: &Path) -> Result<(), String> {
    Ok(()) // Windows has no modes; its users' folders are private.
}

//! Each customer's credentials, from a file.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use vitec_connect::CustomerId;
use zeroize::Zeroizing;

use crate::credentials::{Entry, SecretFile};
use crate::report::Mistake;

/// What stands behind a customer id in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Office {
    #[serde(alias = "user", alias = "user_name", alias = "user name")]
    username: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// Reads TOML: `[M30011]`, `username = "…"`, `password = "…"`.
pub(crate) fn read(file: &SecretFile) -> Result<BTreeMap<CustomerId, Entry>, Mistake> {
    let text = file.read()?;
    // Of a mistake only the line: what toml quotes may be a password.
    let offices: HashMap<String, Office> = toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        file.wrong(format!(
            "line {line}: a customer is [M30011] with username = \"…\" and password = \"…\""
        ))
    })?;
    // What a shell leaves for a moment, or a full disk for long, while it is written anew.
    if offices.is_empty() {
        return Err(file.wrong("there is no customer in it"));
    }
    offices
        .into_iter()
        .map(|(customer, office)| {
            let id: CustomerId = customer
                .parse()
                .map_err(|error| file.wrong(format!("{customer:?}: {error}")))?;
            let entry = Entry::account(office.username, office.password)
                .map_err(|error| file.wrong(format!("customer {customer}: {error}")))?;
            Ok((id, entry))
        })
        .collect()
}

//! Who may do what: Basic credentials, customers, and customers without access.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap};

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// The accounts of a sandbox.
pub(crate) struct Access {
    /// Works for every customer as long as no customer is configured.
    pub(crate) general: Account,
    pub(crate) customers: Vec<(String, Account)>,
    pub(crate) forbidden: Vec<String>,
}

/// The answer to a request for access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Granted,
    /// 401: no credentials, or wrong ones.
    Unauthorized,
    /// 403: right ones, for another customer.
    Forbidden,
}

impl Access {
    /// Judges a request. `customer` is the customer's id, where the operation has one.
    pub(crate) fn judge(&self, headers: &HeaderMap, customer: Option<&str>) -> Verdict {
        let Some(account) = basic(headers) else {
            return Verdict::Unauthorized;
        };
        let is = |known: &str| customer.is_some_and(|customer| customer.eq_ignore_ascii_case(known));
        let known = self.general == account || self.customers.iter().any(|(_, known)| *known == account);
        let of_customer = |(id, known): &&(String, Account)| is(id) && known.username == account.username;
        let granted = match self.customers.iter().find(of_customer) {
            Some((_, own)) if *own != account => return Verdict::Unauthorized,
            Some(_) => true,
            None => self.customers.is_empty() || customer.is_none(),
        };
        if !known {
            Verdict::Unauthorized
        } else if granted && !self.forbidden.iter().any(|id| is(id)) {
            Verdict::Granted
        } else {
            Verdict::Forbidden
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<Account> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(Account {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

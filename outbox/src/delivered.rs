//! What the document says of the operation that is delivered.

use serde_json::Value;
use vitec_connect::description::{Description, Operation, Parameter};
use vitec_connect::{Call, Client, DateTime, Error, MediaType, OperationCall};

/// The operation that is delivered: the document marks it with `x-deliver`.
#[derive(Clone, Copy, Debug)]
pub struct Delivered(&'static Operation);

impl Delivered {
    /// None where the document marks none.
    pub fn operation() -> Option<Self> {
        Self::of(vitec_connect::description())
    }

    pub(crate) fn of(description: &'static Description) -> Option<Self> {
        description.delivered().map(Self)
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn described(self) -> &'static Operation {
        self.0
    }

    /// The name under which its rows are stored, as the client's method is called.
    pub(crate) fn name(self) -> &'static str {
        &self.0.name
    }

    /// The column that says for which customer a row is.
    pub fn customer(self) -> &'static str {
        self.0.credentials_key.as_deref().unwrap_or("customerId")
    }

    /// The columns of what else a call needs besides its body, such as the contact: the document's parameters.
    pub fn parameters(self) -> Vec<&'static str> {
        self.needed().map(|it| it.name.as_str()).collect()
    }

    pub(crate) fn needed(self) -> impl Iterator<Item = &'static Parameter> {
        let is_key = move |it: &&Parameter| self.0.credentials_key.as_ref() == Some(&it.name);
        self.0.parameters.iter().filter(move |it| it.required && !is_key(it))
    }

    /// What the parameters' texts are stored as: one as it is, several as a list in JSON.
    pub(crate) fn subject(texts: &[String]) -> String {
        match texts {
            [text] => text.clone(),
            texts => Value::from(texts).to_string(),
        }
    }

    /// Each parameter with its text, of what was stored.
    pub fn texts(self, subject: &str) -> Vec<(&'static str, String)> {
        let names = self.parameters();
        let texts = match names.len() {
            1 => vec![subject.to_owned()],
            _ => serde_json::from_str(subject).unwrap_or_default(),
        };
        names.into_iter().zip(texts).collect()
    }

    /// A call of it, without anything.
    pub(crate) fn named(self, client: &Client) -> OperationCall {
        client.operation(&self.0.id)
    }

    /// The call of a row.
    pub(crate) fn call(
        self,
        client: &Client,
        customer_id: &str,
        subject: &str,
        body: &str,
    ) -> Result<Call<Value>, Error> {
        let mut call = self.named(client).customer(customer_id);
        for (name, text) in self.texts(subject) {
            call = call.parameter(name, text);
        }
        call.body_text(MediaType::Json, body).call()
    }

    /// The date after which a body is of no use (`x-expires`).
    pub(crate) fn expires(self, body: &str) -> Option<DateTime> {
        let members = vitec_connect::description().members(&self.0.body.as_ref()?.content.ty);
        let member = members.iter().find(|it| it.expires)?;
        let body: Value = serde_json::from_str(body).ok()?;
        body.get(&member.json)?.as_str()?.parse().ok()
    }
}

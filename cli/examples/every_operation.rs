//! Calls every operation of the document against the sandbox: async, blocking and from the command line, in JSON and in XML,
//! with every parameter and a body with every member. Each has to arrive as it was, and be answered. .NET's own serializers,
//! where they are installed, have to understand what is sent, and what they write has to be understood.
//!
//! `cargo run -p vitec-connect-cli --example every_operation -- target/debug/vitec-connect`

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Map, Value};
use vitec_connect::description::{Description, Operation, Place, Shape, Type};
use vitec_connect::{Client, Credentials, MediaType, OperationCall, blocking, description};
use vitec_connect_judge::{Judge, meant};
use vitec_connect_sandbox::{Answer, Received, Sandbox};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CUSTOMER: &str = "M30011";
/// Of a body that is neither JSON nor XML.
const BYTES: &[u8] = b"\x00bytes\xff";

fn main() -> Result<()> {
    let command = std::env::args().nth(1).ok_or("the path of the command is missing")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let sandbox = runtime.block_on(Sandbox::builder().credentials("partner", "secret").start())?;
    let mut wrong = 0;
    let mut calls = 0;
    for operation in &description().operations {
        let sample = Sample::of(operation);
        for format in [MediaType::Json, MediaType::Xml] {
            let builder = || -> Result<_> {
                let credentials = Credentials::basic("partner", "secret")?;
                Ok(Client::builder()
                    .base_url(sandbox.url())
                    .credentials(credentials)
                    .media_type(format))
            };
            let of_async = builder()?.build()?;
            let by_async = || runtime.block_on(sample.call(of_async.operation(&operation.id)).into_future());
            let of_blocking = blocking::Client::from_builder(builder()?)?;
            let by_blocking = || sample.call(of_blocking.operation(&operation.id)).send();
            let way = |name: &str, answered: Result<Value>| -> u32 {
                let arrived = sandbox.received();
                sandbox.reset();
                match answered.and_then(|answer| sample.check(&answer, &arrived)) {
                    Ok(()) => 0,
                    Err(error) => {
                        let _ = writeln!(std::io::stdout(), "{} {name} {format}: {error}", operation.id);
                        1
                    }
                }
            };
            wrong += way("async", by_async().map_err(Into::into));
            wrong += way("blocking", by_blocking().map_err(Into::into));
            wrong += way("command", sample.by_command(&command, sandbox.url(), format));
            calls += 3;
        }
    }
    let mut judged = 0;
    for mut judge in Judge::for_xml(description())? {
        for operation in &description().operations {
            let sample = Sample::of(operation);
            for format in [MediaType::Json, MediaType::Xml] {
                if format == MediaType::Json && !judge.knows_json() {
                    continue;
                }
                let credentials = Credentials::basic("partner", "secret")?;
                let client = Client::builder().base_url(sandbox.url()).credentials(credentials);
                let client = client.media_type(format).build()?;
                let result = sample.is_understood(&client, &mut judge, format).and_then(|()| {
                    let call = || runtime.block_on(sample.call(client.operation(&operation.id)).into_future());
                    sample.understands(&sandbox, &mut judge, format, || Ok(call()?))
                });
                sandbox.reset();
                judged += 1;
                if let Err(error) = result {
                    writeln!(
                        std::io::stdout(),
                        "{} {} {format}: {error}",
                        operation.id,
                        judge.runtime()
                    )?;
                    wrong += 1;
                }
            }
        }
    }
    let operations = description().operations.len();
    writeln!(
        std::io::stdout(),
        "{operations} operations, {calls} calls, {judged} judged, {wrong} wrong"
    )?;
    match wrong {
        0 => Ok(()),
        _ => Err("not every operation can be called".into()),
    }
}

/// What an operation is called with.
struct Sample<'a> {
    operation: &'a Operation,
    /// In the document's own form.
    parameters: Map<String, Value>,
    body: Option<Value>,
}

impl<'a> Sample<'a> {
    fn of(operation: &'a Operation) -> Self {
        let parameters = operation.parameters.iter().map(|parameter| {
            let value = match (parameter.place, parameter.name.strip_suffix('s')) {
                _ if operation.credentials_key.as_ref() == Some(&parameter.name) => CUSTOMER.into(),
                // Ids with commas are told from one id by them alone.
                (Place::Path, Some(_)) if parameter.ty != Type::Int32 => "a,b".into(),
                _ => value(description(), &parameter.ty, false, 0),
            };
            (parameter.name.clone(), value)
        });
        Self {
            operation,
            parameters: parameters.collect(),
            body: operation
                .body
                .as_ref()
                .map(|it| value(description(), &it.content.ty, false, 0)),
        }
    }

    /// Parameters as texts, a list one after the other.
    fn texts(&self) -> Vec<(&str, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let each = self.parameters.iter().flat_map(|(name, value)| match value {
            Value::Array(values) => values.iter().map(|it| (name.as_str(), text(it))).collect(),
            value => vec![(name.as_str(), text(value))],
        });
        each.collect()
    }

    fn is_bytes(&self) -> bool {
        self.operation
            .body
            .as_ref()
            .is_some_and(|it| it.content.ty == Type::Binary)
    }

    fn call<C>(&self, mut call: OperationCall<C>) -> OperationCall<C> {
        for (name, text) in self.texts() {
            call = call.parameter(name, text);
        }
        if self.operation.credentials_key.is_none() {
            call = call.customer(CUSTOMER);
        }
        match &self.body {
            Some(_) if self.is_bytes() => call.body_bytes(BYTES),
            Some(body) => call.body(body.clone()),
            None => call,
        }
    }

    fn by_command(&self, command: &str, url: &str, format: MediaType) -> Result<Value> {
        let mut child = Command::new(command);
        child.args([&self.operation.command.noun, &self.operation.command.verb]);
        for (name, text) in self.texts() {
            let argument = self
                .operation
                .parameters
                .iter()
                .find(|it| it.name == name)
                .map(|it| &it.argument);
            let flag = argument.map_or_else(String::new, |it| it.replace('_', "-"));
            let own = [
                "format",
                "timeout",
                "proxy",
                "output",
                "input",
                "sandbox",
                "verbose",
                "help",
                "credentials",
            ];
            let prefix = if own.contains(&flag.as_str()) { "parameter-" } else { "" };
            child.arg(format!("--{prefix}{flag}={text}"));
        }
        if self.operation.credentials_key.is_none() {
            let taken = self.parameters.contains_key("customerId");
            child.arg(format!(
                "--{}={CUSTOMER}",
                if taken { "for-customer" } else { "customer-id" }
            ));
        }
        if self.body.is_some() {
            child.args(["--input", "-"]);
        }
        let format = format.to_string();
        let format = format.rsplit('/').next().unwrap_or_default();
        child.args(["--base-url", url, "--format", format, "--output", "json"]);
        child
            .env("VITEC_CONNECT_USERNAME", "partner")
            .env("VITEC_CONNECT_PASSWORD", "secret");
        let mut child = child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            match &self.body {
                Some(_) if self.is_bytes() => stdin.write_all(BYTES)?,
                Some(body) => stdin.write_all(body.to_string().as_bytes())?,
                None => {}
            }
        }
        let output = child.wait_with_output()?;
        let told = || format!("{output:?}");
        let object: Value = serde_json::from_slice(&output.stdout).map_err(|_| told())?;
        match (output.status.code(), &object["outcome"]) {
            (Some(0), Value::String(outcome)) if outcome == "accepted" => Ok(object["answer"].clone()),
            _ => Err(told().into()),
        }
    }

    /// Whether it arrived as it was sent, once, and something came back where the document says so.
    fn check(&self, answer: &Value, arrived: &[Received]) -> Result<()> {
        let [received] = arrived else {
            return Err(format!("{} requests arrived", arrived.len()).into());
        };
        let parameters: Map<String, Value> = received.parameters.clone().into_iter().collect();
        let body = self.body.clone().unwrap_or_default();
        let same_body = match self.is_bytes() {
            true => received.raw == BYTES,
            false => received.body == body,
        };
        if received.operation != self.operation.id
            || parameters != self.parameters
            || !same_body
            || !received.notes.is_empty()
        {
            return Err(format!(
                "sent {:?} {body}, and what arrived is {} {parameters:?} {} {:?}",
                self.parameters, received.operation, received.body, received.notes
            )
            .into());
        }
        match (&self.operation.answer.content, answer) {
            (Some(_), Value::Null) if !self.operation.answer.optional => Err("nothing came back".into()),
            (None, answer) if !answer.is_null() => Err(format!("{answer} came back").into()),
            _ => Ok(()),
        }
    }
}

impl Sample<'_> {
    /// Whether .NET understands the body as it was meant, and we the body that it writes.
    fn is_understood(&self, client: &Client, judge: &mut Judge, format: MediaType) -> Result<()> {
        let (Some(body), Some(described)) = (&self.body, &self.operation.body) else {
            return Ok(());
        };
        if self.is_bytes() {
            return Ok(());
        }
        let meant = meant(description(), &described.content.ty, body);
        let ty = format!("{}.body", self.operation.id);
        let sent = self.call(client.operation(&self.operation.id)).call()?.preview()?.body;
        same(&read(judge, format, &ty, &sent)?, &meant)?;
        let call = self.call(client.operation(&self.operation.id));
        let call = call.body_text(format, String::from_utf8(write(judge, format, &ty, &meant)?)?);
        let json = call.encoded_body(MediaType::Json)?.unwrap_or_default();
        same(&serde_json::from_slice(&json)?, body)
    }

    /// Whether we understand the answer that .NET writes.
    fn understands(
        &self,
        sandbox: &Sandbox,
        judge: &mut Judge,
        format: MediaType,
        call: impl FnOnce() -> Result<Value>,
    ) -> Result<()> {
        let content = self.operation.answer.content.as_ref();
        let Some(content) = content.filter(|it| it.ty != Type::Binary) else {
            return Ok(());
        };
        let answer = value(description(), &content.ty, true, 0);
        let meant = meant(description(), &content.ty, &answer);
        let ty = format!("{}.answer", self.operation.id);
        sandbox.next(Answer::body(format.to_string(), write(judge, format, &ty, &meant)?));
        same(&call()?, &answer)
    }
}

fn read(judge: &mut Judge, format: MediaType, ty: &str, document: &[u8]) -> Result<Value> {
    Ok(match format {
        MediaType::Json => judge.read_json(ty, document),
        _ => judge.read_xml(ty, document),
    }?)
}

fn write(judge: &mut Judge, format: MediaType, ty: &str, value: &Value) -> Result<Vec<u8>> {
    Ok(match format {
        MediaType::Json => judge.write_json(ty, value),
        _ => judge.write_xml(ty, value),
    }?)
}

fn same(found: &Value, expected: &Value) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{found} instead of {expected}").into()),
    }
}

/// A value of a type, with every member that a sender sets, or that is answered; one that holds itself ends somewhere.
fn value(description: &Description, ty: &Type, answered: bool, depth: usize) -> Value {
    let inner = |ty: &Type| value(description, ty, answered, depth + 1);
    match (ty, description.shape(ty)) {
        (_, Some(Shape::Object { members, .. })) => {
            let set = members
                .iter()
                .filter(|it| (answered || !it.read_only) && (it.required || depth < 3));
            Value::Object(set.map(|it| (it.json.clone(), inner(&it.ty))).collect())
        }
        (_, Some(Shape::Enumeration { names, .. })) => names.first().map(|it| it.name.clone()).into(),
        (_, Some(Shape::Id { .. })) => "4711".into(),
        (Type::List(_) | Type::Dictionary(_), _) if depth > 3 => match ty {
            Type::List(_) => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        },
        (Type::List(item), _) => Value::Array(vec![inner(&item.ty), inner(&item.ty)]),
        (Type::Dictionary(item), _) => Value::Object(Map::from_iter([("a key".to_owned(), inner(&item.ty))])),
        (Type::DateTime, _) => "2027-01-31T00:00:00".into(),
        (Type::Boolean, _) => true.into(),
        (Type::Int16 | Type::Int32, _) => 1.into(),
        (Type::Int64, _) => 3_000_000_000_u64.into(),
        (Type::Float | Type::Double, _) => 1.5.into(),
        (Type::Uuid, _) => "3f2504e0-4f89-11d3-9a0c-0305e82c3301".into(),
        (Type::Bytes, _) => "AQID".into(),
        (Type::Text | Type::Binary | Type::Schema(_), _) => "Å & <b>".into(),
    }
}

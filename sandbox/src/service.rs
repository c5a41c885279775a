//! One request to one answer: the order of things in Web API.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use hyper::header::{ALLOW, HOST, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::Value;

use crate::access::{Access, Verdict, is_customer};
use crate::bind::{self, Bound, ERROR_OCCURRED, ModelState};
use crate::bind_form;
use crate::decode;
use crate::http_error::{HttpError, json_string};
use crate::negotiate::{self, Format, MediaType, Negotiated, negotiate};
use crate::operation::{Api, Body, Operation};
use crate::programme::Answer;
use crate::received::{Log, Received};
use crate::reply::{Reply, error, formatted, iis, respond};
use crate::route::{Path, Route, displayed};
use crate::schema::Type;
use crate::{bind_json, bind_xml, write};

/// Web API's words for 401. What it says with 403 is inferred to be the same.
const DENIED: &str = "Authorization has been denied for this request.";

/// All that the requests share.
pub(crate) struct Service {
    pub(crate) api: Api,
    pub(crate) access: Access,
    pub(crate) pascal_case: bool,
    pub(crate) body_limit: usize,
    pub(crate) log: Mutex<Log>,
    pub(crate) programme: Mutex<VecDeque<Answer>>,
}

/// A request's body, read as far as the limit allows.
pub(crate) struct Sent {
    pub(crate) bytes: Bytes,
    pub(crate) too_large: bool,
    /// Whether its length was announced as 0, or not at all without a transfer coding. A chunked body without content
    /// is not known to be empty until it is read.
    pub(crate) known_empty: bool,
}

/// An answer before it goes out, and the string it holds, for the log.
struct Ordinary {
    response: Response<Bytes>,
    answer: String,
}

/// Takes a lock, also after a panic elsewhere: what it guards is never left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// Answers a request to the interface itself.
    pub(crate) fn answer(&self, request: &Parts, sent: &Sent) -> Reply {
        let negotiated = negotiate(&request.headers);
        self.judge(request, sent, negotiated)
            .unwrap_or_else(|refused| refused.into())
    }

    /// Forgets what was received, and takes programmed answers back.
    pub(crate) fn reset(&self) {
        *lock(&self.log) = Log::default();
        lock(&self.programme).clear();
    }

    /// `Err` is an answer, too: a refusal.
    ///
    /// Inferred from Web API with an authorization filter: the route and the method are chosen first (404, 405), then
    /// authorization is checked (401, 403), and the body is read only after that (415, 400).
    fn judge(&self, request: &Parts, sent: &Sent, negotiated: Negotiated) -> Result<Reply, Response<Bytes>> {
        let refuse = |status, message: &str| error(status, negotiated, self.pascal_case, &HttpError::new(message));
        let Some(path) = Path::parse(request.uri.path()) else {
            return Err(iis(StatusCode::BAD_REQUEST));
        };
        let (operation, mut parameters) = match path.route(request.method.as_str(), &self.api.operations) {
            Route::Operation(operation, parameters) => (operation, parameters),
            Route::OtherMethods(methods) => {
                let message = format!(
                    "The requested resource does not support http method '{}'.",
                    request.method
                );
                let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, &message);
                if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
                    response.headers_mut().insert(ALLOW, allow);
                }
                return Err(response);
            }
            Route::Nothing => return Err(refuse(StatusCode::NOT_FOUND, &not_found(request))),
        };
        // An action is not found without its required query parameters.
        add_query(operation, request.uri.query(), &mut parameters);
        if operation
            .parameters
            .iter()
            .any(|parameter| parameter.required && !parameters.contains_key(&parameter.name))
        {
            return Err(refuse(StatusCode::NOT_FOUND, &not_found(request)));
        }
        let customer = parameters
            .iter()
            .find(|(name, _)| is_customer(name))
            .map(|(_, id)| id.as_str());
        match self.access.judge(&request.headers, customer) {
            Verdict::Granted => {}
            Verdict::Unauthorized => return Err(refuse(StatusCode::UNAUTHORIZED, DENIED)),
            Verdict::Forbidden => return Err(refuse(StatusCode::FORBIDDEN, DENIED)),
        }
        if sent.too_large {
            return Err(iis(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let media_type = negotiate::content_type(&request.headers);
        let mut bound = match &operation.body {
            None => Bound::default(),
            Some(body) => self
                .bind(body, media_type.as_ref(), sent)
                .map_err(|message| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message))?,
        };
        let mut errors = ModelState::default();
        for parameter in &operation.parameters {
            if let Some(text) = parameters.get(&parameter.name) {
                bind_form::check_parameter(parameter, text, &mut errors);
            }
        }
        for (key, messages) in std::mem::take(&mut bound.errors).entries {
            messages
                .into_iter()
                .for_each(|message| errors.add(key.clone(), message));
        }
        if !errors.is_valid() {
            return Err(error(
                StatusCode::BAD_REQUEST,
                negotiated,
                self.pascal_case,
                &HttpError::invalid(errors),
            ));
        }
        Ok(self.accept(operation, parameters, bound, request, sent, negotiated))
    }

    /// `Err`: 415 with this message.
    fn bind(&self, body: &Body, media_type: Option<&MediaType>, sent: &Sent) -> Result<Bound, String> {
        let ty = &body.typed.ty;
        let parameter = &body.parameter;
        let Some(format) = media_type.and_then(MediaType::reader) else {
            return match media_type {
                _ if sent.known_empty => Ok(no_body()),
                Some(media_type) => Err(format!(
                    "The request entity's media type '{}' is not supported for this resource.",
                    media_type.name
                )),
                None => Err(
                    "The request contains an entity body but no Content-Type header. The inferred media type \
                             'application/octet-stream' is not supported for this resource."
                        .to_owned(),
                ),
            };
        };
        if sent.known_empty {
            return Ok(no_body());
        }
        let text = match format {
            Format::Json => decode::json(&sent.bytes, media_type),
            Format::Xml => decode::xml(&sent.bytes, media_type),
            Format::Form => Ok(String::from_utf8_lossy(&sent.bytes).into_owned()),
        };
        let Ok(text) = text else {
            let mut bound = Bound::default();
            bound.errors.add(parameter.clone(), ERROR_OCCURRED);
            return Ok(bound);
        };
        let mut bound = match format {
            Format::Json => bind_json::bind(&text, ty, parameter, &self.api.schemas),
            Format::Xml => bind_xml::bind(&text, &body.typed, parameter, &self.api.schemas),
            Format::Form => bind_form::bind(&text, ty, parameter, &self.api.schemas),
        };
        match &bound.body {
            Some(value) => bind::check_required(&self.api.schemas, ty, value, parameter, &mut bound.errors),
            None if bound.errors.is_valid() => bind_form::note_no_body(&mut bound.notes),
            None => {}
        }
        Ok(bound)
    }

    /// The request is fine: store it and answer, as programmed or as ordinary.
    fn accept(
        &self,
        operation: &Operation,
        parameters: BTreeMap<String, String>,
        bound: Bound,
        request: &Parts,
        sent: &Sent,
        negotiated: Negotiated,
    ) -> Reply {
        let (programmed, applied) = match Answer::prefer(&request.headers) {
            Some((answer, applied)) => (Some(answer), Some(applied)),
            None => (lock(&self.programme).pop_front(), None),
        };
        let stores = programmed.as_ref().is_none_or(Answer::stores);
        let ordinary = {
            let mut log = lock(&self.log);
            let number = log.stored() + 1;
            let ordinary = self.ordinary(operation, number, negotiated);
            if stores {
                log.store(|number| {
                    let notes = bound.notes.into_vec();
                    for note in &notes {
                        tracing::warn!(
                            operation = operation.id,
                            number,
                            member = note.member,
                            "{}",
                            note.message
                        );
                    }
                    Received {
                        number,
                        operation: operation.id.clone(),
                        parameters,
                        media_type: request
                            .headers
                            .get("content-type")
                            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
                        body: bound.body.unwrap_or_default(),
                        notes,
                        raw: sent.bytes.to_vec(),
                        answer: ordinary.answer.clone(),
                        at: SystemTime::now(),
                    }
                });
            }
            ordinary
        };
        let mut reply = match programmed {
            None => ordinary.response.into(),
            Some(answer) => self.programmed(answer, ordinary.response, negotiated),
        };
        if let Some(applied) = applied.and_then(|applied| HeaderValue::from_str(&applied).ok()) {
            reply.response.headers_mut().insert("preference-applied", applied);
        }
        if request.method == Method::HEAD {
            reply.response.body_mut().clear();
        }
        reply
    }

    /// What is answered when all is well: a string of the sandbox's own where the document says string, else the
    /// document's example, else the smallest value.
    fn ordinary(&self, operation: &Operation, number: u64, negotiated: Negotiated) -> Ordinary {
        let success = &operation.success;
        let status = StatusCode::from_u16(success.status).unwrap_or(StatusCode::OK);
        let Some(typed) = &success.typed else {
            return Ordinary {
                response: empty(status),
                answer: String::new(),
            };
        };
        let value = match (&typed.ty, &success.example) {
            (Type::Text, _) => Value::from(format!("sandbox-{number}")),
            (_, Some(example)) => example.clone(),
            (ty, None) => write::minimal(&self.api.schemas, ty, 0),
        };
        let json = || match &value {
            Value::String(text) => json_string(text),
            other => other.to_string(),
        };
        let response = formatted(status, negotiated, json, || {
            write::xml(&self.api.schemas, typed, &value)
        });
        let answer = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ordinary { response, answer }
    }

    fn programmed(&self, answer: Answer, ordinary: Response<Bytes>, negotiated: Negotiated) -> Reply {
        let status = answer.status.unwrap_or_else(|| ordinary.status());
        let mut response = match (answer.content, answer.html) {
            (Some((content_type, body)), _) => respond(status, &content_type, body),
            (None, true) => iis(status),
            (None, false) if status.is_success() => {
                let mut response = ordinary;
                *response.status_mut() = status;
                response
            }
            (None, false) if status.is_redirection() => empty(status),
            (None, false) => {
                let message = match status {
                    StatusCode::BAD_REQUEST => "The request is invalid.",
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DENIED,
                    StatusCode::INTERNAL_SERVER_ERROR => ERROR_OCCURRED,
                    other => other.canonical_reason().unwrap_or(ERROR_OCCURRED),
                };
                error(status, negotiated, self.pascal_case, &HttpError::new(message))
            }
        };
        if matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT
        ) {
            response.body_mut().clear();
        }
        if let Some(seconds) = answer.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Reply {
            response,
            delay: answer.delay,
            truncate: answer.truncate,
            dropped: answer.dropped,
        }
    }
}

fn no_body() -> Bound {
    let mut bound = Bound::default();
    bind_form::note_no_body(&mut bound.notes);
    bound
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn not_found(request: &Parts) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri.authority().map(|authority| authority.as_str()));
    let uri = displayed(host.unwrap_or("localhost"), request.uri.path(), request.uri.query());
    format!("No HTTP resource was found that matches the request URI '{uri}'.")
}

/// Query parameters go by name in any case. Of several with one name the first counts.
fn add_query(operation: &Operation, query: Option<&str>, parameters: &mut BTreeMap<String, String>) {
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let known = operation
            .parameters
            .iter()
            .find(|parameter| !parameter.in_path && parameter.name.eq_ignore_ascii_case(&name));
        if let Some(parameter) = known {
            parameters
                .entry(parameter.name.clone())
                .or_insert_with(|| value.into_owned());
        }
    }
}

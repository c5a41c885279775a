//! One request to one answer: the order of things in Web API.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ALLOW, HOST, HeaderValue};
use hyper::http::request::Parts;
use serde_json::Value;
use vitec_connect::description::{Body, Description, Operation, Parameter, Place, Type};

use crate::access::{Access, Verdict};
use crate::bind::{self, Bound, ERROR_OCCURRED, ModelState};
use crate::bind_form;
use crate::decode;
use crate::http_error::HttpError;
use crate::negotiate::{self, Format, MediaType, negotiate};
use crate::note::Notes;
use crate::programme::Answer;
use crate::received::Log;
use crate::reply::{Reply, error, iis};
use crate::route::{Path, Route, Routes, displayed};
use crate::{bind_json, bind_xml};

/// Web API's words for 401. What it says with 403 is inferred to be the same.
pub(crate) const DENIED: &str = "Authorization has been denied for this request.";

/// All that the requests share.
pub(crate) struct Service {
    pub(crate) description: Description,
    pub(crate) routes: Routes,
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

/// A request that is fine.
pub(crate) struct Accepted<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) parameters: BTreeMap<String, Value>,
    pub(crate) bound: Bound,
}

/// Why a request is not fine.
enum Refusal<'a> {
    /// In front of the framework.
    FrontServer(StatusCode),
    NotFound,
    /// These methods there are.
    Method(Vec<&'a str>),
    /// 401 or 403.
    Access(StatusCode),
    /// 415, with this message.
    MediaType(String),
    Invalid(ModelState),
}

/// Takes a lock, also after a panic elsewhere: what it guards is never left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// Answers a request to the interface itself.
    pub(crate) fn answer(&self, request: &Parts, sent: &Sent) -> Reply {
        let negotiated = negotiate(&request.headers);
        let refusal = match self.judge(request, sent) {
            Ok(accepted) => return self.accept(accepted, request, sent, negotiated),
            Err(refusal) => refusal,
        };
        let mut allow = None;
        let (status, http_error) = match refusal {
            Refusal::FrontServer(status) => return iis(status).into(),
            Refusal::NotFound => (StatusCode::NOT_FOUND, HttpError::new(not_found(request))),
            Refusal::Method(methods) => {
                allow = HeaderValue::from_str(&methods.join(", ")).ok();
                let message = format!(
                    "The requested resource does not support http method '{}'.",
                    request.method
                );
                (StatusCode::METHOD_NOT_ALLOWED, HttpError::new(message))
            }
            Refusal::Access(status) => (status, HttpError::new(DENIED)),
            Refusal::MediaType(message) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, HttpError::new(message)),
            Refusal::Invalid(errors) => (StatusCode::BAD_REQUEST, HttpError::invalid(errors)),
        };
        let mut response = error(status, negotiated, self.pascal_case, &http_error);
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response.into()
    }

    /// Forgets what was received, and takes programmed answers back.
    pub(crate) fn reset(&self) {
        *lock(&self.log) = Log::default();
        lock(&self.programme).clear();
    }

    /// Inferred from Web API with an authorization filter: the route and the method are chosen
    /// first (404, 405), then authorization is checked (401, 403), and the body is read only after
    /// that (415, 400).
    fn judge(&self, request: &Parts, sent: &Sent) -> Result<Accepted<'_>, Refusal<'_>> {
        let path = Path::parse(request.uri.path()).ok_or(Refusal::FrontServer(StatusCode::BAD_REQUEST))?;
        let route = self.routes.route(request.method.as_str(), &path, &self.description);
        let (operation, in_path) = match route {
            Route::Operation(operation, in_path) => (operation, in_path),
            Route::OtherMethods(methods) => return Err(Refusal::Method(methods)),
            Route::Nothing => return Err(Refusal::NotFound),
        };
        let given: Vec<(&Parameter, Vec<String>)> = (operation.parameters.iter())
            .map(|it| (it, given(it, &in_path, request)))
            .collect();
        // An action is not found without its required query parameters.
        if given
            .iter()
            .any(|(it, texts)| it.place == Place::Query && it.required && texts.is_empty())
        {
            return Err(Refusal::NotFound);
        }

        let is_key = |it: &&(&Parameter, Vec<String>)| operation.credentials_key.as_ref() == Some(&it.0.name);
        let customer = given.iter().find(is_key).and_then(|(_, texts)| texts.first());
        let customer = customer.map(String::as_str);
        match self.access.judge(&request.headers, customer) {
            Verdict::Granted => {}
            Verdict::Unauthorized => return Err(Refusal::Access(StatusCode::UNAUTHORIZED)),
            Verdict::Forbidden => return Err(Refusal::Access(StatusCode::FORBIDDEN)),
        }

        if sent.too_large {
            return Err(Refusal::FrontServer(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let mut errors = ModelState::default();
        let mut notes = Notes::default();
        let mut parameters = BTreeMap::new();
        for (parameter, texts) in given {
            let name = &parameter.name;
            if !texts.is_empty() {
                let value = bind_form::parameter(&self.description, parameter, &texts, &mut errors, &mut notes);
                parameters.entry(name.clone()).or_insert(value);
            } else if parameter.required {
                errors.add(name.clone(), format!("The {name} field is required."));
            }
        }
        let mut bound = match &operation.body {
            None => Bound::default(),
            Some(body) => {
                let media_type = negotiate::content_type(&request.headers);
                self.bind(body, media_type.as_ref(), sent).map_err(Refusal::MediaType)?
            }
        };
        bound.notes.append(notes);
        errors.append(std::mem::take(&mut bound.errors));
        if !errors.is_valid() {
            return Err(Refusal::Invalid(errors));
        }
        Ok(Accepted {
            operation,
            parameters,
            bound,
        })
    }

    /// `Err`: 415 with this message.
    fn bind(&self, body: &Body, media_type: Option<&MediaType>, sent: &Sent) -> Result<Bound, String> {
        let ty = &body.content.ty;
        let parameter = &body.parameter;
        if *ty == Type::Binary {
            return Ok(Bound::default());
        }
        let Some(format) = media_type.and_then(MediaType::reader) else {
            return match media_type {
                _ if sent.known_empty => Ok(no_body(body)),
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
            return Ok(no_body(body));
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
            Format::Json => bind_json::bind(&text, ty, parameter, &self.description),
            Format::Xml => bind_xml::bind(&text, &body.content, parameter, &self.description),
            Format::Form => bind_form::bind(&text, ty, parameter, &self.description),
        };
        match &bound.body {
            Some(value) => bind::check_required(&self.description, ty, value, parameter, &mut bound.errors),
            None if bound.errors.is_valid() => bind_form::note_no_body(&mut bound.notes),
            None => {}
        }
        Ok(bound)
    }
}

/// Nothing is said of it where the document lets a body be missing.
fn no_body(body: &Body) -> Bound {
    let mut bound = Bound::default();
    if body.required {
        bind_form::note_no_body(&mut bound.notes);
    }
    bound
}

fn not_found(request: &Parts) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri.authority().map(|authority| authority.as_str()));
    let uri = displayed(host.unwrap_or("localhost"), request.uri.path(), request.uri.query());
    format!("No HTTP resource was found that matches the request URI '{uri}'.")
}

/// What was sent for a parameter. In the query and in headers it goes by name in any case; one that is no list may come again
/// there, and the first counts.
fn given(parameter: &Parameter, in_path: &[(&str, String)], request: &Parts) -> Vec<String> {
    match parameter.place {
        Place::Path => {
            let of_name = in_path.iter().filter(|(name, _)| *name == parameter.name);
            of_name.map(|(_, text)| text.clone()).collect()
        }
        Place::Query => {
            let query = request.uri.query().unwrap_or_default();
            let pairs = form_urlencoded::parse(query.as_bytes());
            let of_name = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(&parameter.name));
            of_name.map(|(_, text)| text.into_owned()).collect()
        }
        Place::Header => {
            let lines = request.headers.get_all(&parameter.name).iter();
            let texts = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
            texts.collect()
        }
    }
}

//! What happens to a request that is fine: it is stored and answered, as programmed or as ordinary.

use std::time::SystemTime;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use serde_json::Value;
use vitec_connect::description::{Operation, Type};

use crate::bind::ERROR_OCCURRED;
use crate::bind_json;
use crate::http_error::{HttpError, json_string};
use crate::negotiate::Negotiated;
use crate::programme::Answer;
use crate::received::Received;
use crate::reply::{Reply, error, formatted, iis, respond};
use crate::service::{Accepted, DENIED, Sent, Service, lock};
use crate::write;

/// An answer before it goes out, and the string it holds, for the log.
struct Ordinary {
    response: Response<Bytes>,
    answer: String,
}

impl Service {
    /// Stores the request, unless a programmed answer says otherwise, and answers it.
    pub(crate) fn accept(&self, accepted: Accepted<'_>, request: &Parts, sent: &Sent, negotiated: Negotiated) -> Reply {
        let Accepted {
            operation,
            parameters,
            bound,
        } = accepted;
        let (programmed, applied) = match Answer::prefer(&request.headers) {
            Ok(Some((answer, applied))) => (Some(answer), Some(applied)),
            Ok(None) => (lock(&self.programme).pop_front(), None),
            Err(message) => {
                let not_understood = HttpError::new(message);
                return error(StatusCode::BAD_REQUEST, negotiated, self.pascal_case, &not_understood).into();
            }
        };
        let stores = programmed.as_ref().is_none_or(Answer::stores);
        let ordinary = {
            let mut log = lock(&self.log);
            let number = log.stored() + 1;
            let ordinary = self.ordinary(operation, number, negotiated);
            if stores {
                let content_type = request.headers.get(CONTENT_TYPE);
                let notes = bound.notes.into_vec();
                for note in &notes {
                    let (operation, member) = (&operation.id, &note.member);
                    tracing::warn!(operation, number, member, "{}", note.message);
                }
                log.store(Received {
                    number,
                    operation: operation.id.clone(),
                    parameters,
                    media_type: content_type.map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned()),
                    body: bound.body.unwrap_or_default(),
                    notes,
                    raw: sent.bytes.to_vec(),
                    answer: ordinary.answer.clone(),
                    at: SystemTime::now(),
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
        reply
    }

    /// What is answered when all is well: a string of the sandbox's own where the document says string, else the
    /// document's example, else a made-up value of the type.
    fn ordinary(&self, operation: &Operation, number: u64, negotiated: Negotiated) -> Ordinary {
        let status = StatusCode::from_u16(operation.answer.status).unwrap_or(StatusCode::OK);
        let Some(content) = &operation.answer.content else {
            return Ordinary {
                response: empty(status),
                answer: String::new(),
            };
        };
        let made_up = format!("sandbox-{number}");
        if content.ty == Type::Binary {
            let media_type = content.media_types.first().map(String::as_str).unwrap_or_default();
            return Ordinary {
                response: respond(status, media_type, made_up.clone()),
                answer: made_up,
            };
        }
        let example = || bind_json::example(content, &self.description);
        let value = match &content.ty {
            Type::Text => Value::from(made_up),
            ty => example().unwrap_or_else(|| write::made_up(&self.description, ty)),
        };
        let json = || match &value {
            Value::String(text) => json_string(text),
            other => other.to_string(),
        };
        let response = formatted(status, negotiated, json, || {
            write::xml(&self.description, content, &value)
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

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

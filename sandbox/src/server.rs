//! The HTTP/1.1 server: connections, the sandbox's own pages, and everything else to the service.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use vitec_connect::{OPENAPI_JSON, OPENAPI_YAML};

use crate::page;
use crate::received::Received;
use crate::reply::{Cut, Reply, iis, respond};
use crate::service::{Sent, Service, lock};

/// A body beyond the limit is read on and thrown away so far, so that the client sees the answer.
const DISCARDED: usize = 64 * 1024 * 1024;

/// A longer head of a request is answered with 414 or 431. IIS takes 16 KiB.
const HEAD_LIMIT: usize = 64 * 1024;

/// So many are served at a time; the others wait to be accepted.
const MAX_CONNECTIONS: usize = 500;

/// What the connections share.
pub(crate) struct Shared {
    pub(crate) service: Service,
    /// The document is the library's own, and can be shown.
    pub(crate) is_own_document: bool,
    /// Listening on loopback: the pages are for this machine only.
    pub(crate) loopback: bool,
    /// The password was made up at the start, and the page may show it.
    pub(crate) made_up_password: bool,
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped, as programmed")
    }
}

impl std::error::Error for Dropped {}

/// Serves until told to stop, or until the sender is gone.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stop: oneshot::Receiver<Infallible>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                let Ok((stream, _)) = accepted else {
                    // No more file handles, for one: wait rather than spin.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                // Small answers go out at once.
                let _ = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(|request| respond_to(request, &shared));
                    let served = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .max_buf_size(HEAD_LIMIT)
                        // A client that has said all may close its half and still wait for the answer.
                        .half_close(true)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                    if let Err(error) = served {
                        tracing::debug!(%error, "connection ended");
                    }
                });
            }
        }
    }
}

async fn respond_to(request: Request<Incoming>, shared: &Shared) -> Result<Response<Cut>, Dropped> {
    let (parts, body) = request.into_parts();
    let sent = read(&parts.headers, body, shared.service.body_limit)
        .await
        .ok_or(Dropped)?;
    let reply = if parts.version == Version::HTTP_11 && parts.headers.get_all(HOST).iter().count() != 1 {
        iis(StatusCode::BAD_REQUEST).into()
    } else if let Some(response) = own_page(&parts, shared) {
        Reply::from(response)
    } else {
        shared.service.answer(&parts, &sent)
    };
    let status = reply.response.status().as_u16();
    tracing::info!(method = %parts.method, path = parts.uri.path(), status, "request");
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if reply.dropped {
        return Err(Dropped);
    }
    let (mut head, body) = reply.response.into_parts();
    head.headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    if sent.too_large {
        head.headers.insert("connection", HeaderValue::from_static("close"));
    }
    Ok(Response::from_parts(head, Cut::new(body, reply.truncate)))
}

/// Reads a body. `None` if it did not arrive.
async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize) -> Option<Sent> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length.as_bytes() != b"0");
    let known_empty = !announced && !headers.contains_key(TRANSFER_ENCODING);
    let mut bytes = BytesMut::new();
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        if discarded > 0 || bytes.len() + data.len() > limit {
            bytes.clear();
            discarded += data.len().max(1);
            if discarded > DISCARDED {
                break;
            }
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    Some(Sent {
        bytes: bytes.freeze(),
        too_large: discarded > 0,
        known_empty,
    })
}

/// What `/received` shows.
#[derive(Serialize)]
struct LogPage<'a> {
    stored: u64,
    forgotten: u64,
    received: Vec<&'a Received>,
}

/// The sandbox's own pages. They need no credentials: they are there only because this is a sandbox.
fn own_page(request: &Parts, shared: &Shared) -> Option<Response<Bytes>> {
    let path = request.uri.path();
    if !matches!(path, "/" | "/received" | "/openapi.json" | "/openapi.yaml") {
        return None;
    }
    // Another site's script must not read them by letting its own name point to this machine (DNS rebinding).
    if shared.loopback && !is_local(&request.headers) {
        let reason = "The sandbox's pages are for this machine: ask for 127.0.0.1 or localhost.\n";
        return Some(respond(
            StatusCode::MISDIRECTED_REQUEST,
            "text/plain; charset=utf-8",
            reason,
        ));
    }
    let service = &shared.service;
    let ok = |content_type, body: String| respond(StatusCode::OK, content_type, body);
    Some(match (&request.method, path) {
        (&Method::GET, "/") => {
            let account = &service.access.general;
            let password = shared.made_up_password.then_some(account.password.as_str());
            let document = shared.is_own_document;
            page::page(&service.description, document, &account.username, password)
        }
        (&Method::GET, "/openapi.json") if shared.is_own_document => {
            ok("application/json; charset=utf-8", OPENAPI_JSON.to_owned())
        }
        (&Method::GET, "/openapi.yaml") if shared.is_own_document => {
            ok("application/yaml; charset=utf-8", OPENAPI_YAML.to_owned())
        }
        (&Method::GET, "/received") => {
            let query = form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes());
            let after = query
                .into_iter()
                .find(|(name, _)| name == "after")
                .and_then(|(_, number)| number.parse().ok());
            let (stored, forgotten, kept) = {
                let log = lock(&service.log);
                (log.stored(), log.forgotten(), log.after(after.unwrap_or(0)))
            };
            let received = kept.iter().map(Arc::as_ref).collect();
            let log = LogPage {
                stored,
                forgotten,
                received,
            };
            match serde_json::to_string(&log) {
                Ok(json) => ok("application/json; charset=utf-8", json),
                Err(_) => iis(StatusCode::INTERNAL_SERVER_ERROR),
            }
        }
        (&Method::DELETE, "/received") => {
            service.reset();
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => return None,
    })
}

/// Whether the client asked for this machine by one of its own names.
fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return true;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    name.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

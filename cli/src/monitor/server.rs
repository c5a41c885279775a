//! The HTTP server: GET and HEAD, a few paths, and nothing that changes anything.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::uri::Authority;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Monitor, is_loopback, page};

/// So many are served at a time; the others wait to be accepted.
const MAX_CONNECTIONS: usize = 50;

const TEXT: &str = "text/plain; charset=utf-8";

/// Nothing from anywhere else, and nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Monitor {
    /// Serves until `shutdown` is ready. What is being answered then is broken off.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: impl Future) {
        let local_only = listener.local_addr().is_ok_and(is_loopback);
        let mut shutdown = pin!(shutdown);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = &mut shutdown => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // No more file handles, for one: wait rather than spin.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let monitor = Arc::clone(&self);
            let service = service_fn(move |request| {
                let monitor = Arc::clone(&monitor);
                async move { Ok::<_, Infallible>(monitor.answer(&request, local_only).await) }
            });
            // With its timer a head that does not come to its end has one.
            let mut http = hyper::server::conn::http1::Builder::new();
            connections.spawn(
                http.timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    }

    async fn answer(&self, request: &Request<Incoming>, local_only: bool) -> Response<Full<Bytes>> {
        // Another site's script must not read this by letting its own name point to this machine (DNS rebinding).
        if local_only && !is_local(request.headers()) {
            let why = "This is for this machine: ask for 127.0.0.1 or localhost.\n";
            return respond(StatusCode::MISDIRECTED_REQUEST, TEXT, why.to_owned());
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Only GET and HEAD.\n".to_owned());
            refused
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match request.uri().path() {
            "/" => respond(StatusCode::OK, "text/html; charset=utf-8", self.page().await),
            "/page.css" => respond(StatusCode::OK, "text/css; charset=utf-8", page::STYLE.to_owned()),
            "/page.js" => respond(
                StatusCode::OK,
                "text/javascript; charset=utf-8",
                page::SCRIPT.to_owned(),
            ),
            "/healthz" => respond(StatusCode::OK, TEXT, "alive\n".to_owned()),
            "/readyz" => match self.lock().not_ready() {
                None => respond(StatusCode::OK, TEXT, "ready\n".to_owned()),
                Some(why) => respond(
                    StatusCode::SERVICE_UNAVAILABLE,
                    TEXT,
                    format!("{}\n", page::shown(&why)),
                ),
            },
            "/metrics" => match self.metrics().await {
                Ok(text) => respond(StatusCode::OK, prometheus_text::CONTENT_TYPE, text),
                Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
            },
            _ => respond(
                StatusCode::NOT_FOUND,
                TEXT,
                "There is /, /metrics, /healthz and /readyz.\n".to_owned(),
            ),
        }
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// Whether this machine was asked for by one of its own names. A browser always says whom it asks for.
fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        return true;
    };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.to_canonical().is_loopback())
}

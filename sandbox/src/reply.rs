//! What goes back over the connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::decode::to_utf16;
use crate::http_error::HttpError;
use crate::negotiate::{Format, Negotiated};

/// An answer, and how to deliver it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Response<Bytes>,
    pub(crate) delay: Duration,
    pub(crate) truncate: Option<usize>,
    /// Close the connection instead of answering.
    pub(crate) dropped: bool,
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self {
            response,
            delay: Duration::ZERO,
            truncate: None,
            dropped: false,
        }
    }
}

/// A response of a type. An unusable content type is left out.
pub(crate) fn respond(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

/// Text in the negotiated form.
pub(crate) fn formatted(
    status: StatusCode,
    negotiated: Negotiated,
    json: impl FnOnce() -> String,
    xml: impl FnOnce() -> String,
) -> Response<Bytes> {
    let text = if negotiated.format == Format::Xml {
        xml()
    } else {
        json()
    };
    let (charset, body) = if negotiated.utf16 {
        ("utf-16", to_utf16(&text))
    } else {
        ("utf-8", text.into_bytes())
    };
    respond(status, &format!("{}; charset={charset}", negotiated.media_type), body)
}

/// An error of the framework.
pub(crate) fn error(
    status: StatusCode,
    negotiated: Negotiated,
    pascal_case: bool,
    error: &HttpError,
) -> Response<Bytes> {
    formatted(status, negotiated, || error.to_json(pascal_case), || error.to_xml())
}

/// An error page of IIS, in front of the framework. Its wording is made up; that it is HTML is the point.
pub(crate) fn iis(status: StatusCode) -> Response<Bytes> {
    let title = format!("{} - {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let page = format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n<head>\r\n<title>{title}</title>\r\n</head>\r\n\
         <body>\r\n<div id=\"header\"><h1>Server Error</h1></div>\r\n<div id=\"content\"><h2>{title}</h2></div>\r\n</body>\r\n</html>\r\n"
    );
    respond(status, "text/html", page)
}

/// A body that may break off: its length is announced in full, then the connection fails.
#[derive(Debug)]
pub(crate) struct Cut {
    data: Bytes,
    announced: u64,
    step: Step,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Data,
    /// Yields once, so that what was written is flushed before the failure.
    Flush,
    Break,
    Done,
}

impl Cut {
    pub(crate) fn new(mut data: Bytes, truncate: Option<usize>) -> Self {
        let announced = data.len() as u64;
        let breaks = truncate.filter(|length| *length < data.len());
        if let Some(length) = breaks {
            data.truncate(length);
        }
        Self {
            data,
            announced,
            step: Step::Data,
        }
    }
}

impl Body for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.step {
            Step::Data => {
                let whole = self.data.len() as u64 == self.announced;
                self.step = if whole { Step::Done } else { Step::Flush };
                if self.data.is_empty() {
                    return self.poll_frame(context);
                }
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.data)))))
            }
            Step::Flush => {
                self.step = Step::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Break => {
                self.step = Step::Done;
                Poll::Ready(Some(Err(std::io::Error::other("cut off, as programmed"))))
            }
            Step::Done => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.step == Step::Done || self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

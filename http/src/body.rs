//! A body that tells when the request leaves.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::Body;

/// A body of known length, and what is done when it is asked for. hyper encodes the head and asks for the body before it
/// writes the first byte to the connection: as long as nobody asked, nothing has left.
pub fn noted(bytes: Bytes, leaves: impl Fn() + Send + Sync + Unpin + 'static) -> Body {
    let bytes = Some(bytes);
    Body::wrap(Noted { bytes, leaves })
}

struct Noted<L> {
    bytes: Option<Bytes>,
    leaves: L,
}

impl<L: Fn() + Unpin> http_body::Body for Noted<L> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let noted = self.get_mut();
        (noted.leaves)();
        Poll::Ready(noted.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

//! What an answer that says that the call was carried out is read as, by what the document says that comes back.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::datacontract::DataContract;
use crate::datacontract::media_type::{ContentType, DecodeError, decode};
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::Answer;

/// Content in JSON or XML.
pub(crate) fn content<T: DeserializeOwned + DataContract>(answer: &mut Answer) -> Result<T, Error> {
    let read = decode(answer.content_type(), &answer.body);
    checked(answer, read)
}

/// Content in JSON or XML, or none: `null` is none too.
pub(crate) fn optional<T: DeserializeOwned + DataContract>(answer: &mut Answer) -> Result<Option<T>, Error> {
    if answer.body.is_empty() && answer.cut.is_none() {
        return Ok(None);
    }
    content(answer)
}

/// No content. What comes all the same is read over, unless it is somebody else's page.
pub(crate) fn nothing(answer: &mut Answer) -> Result<(), Error> {
    let is_data = |it: &str| ContentType::parse(it).media_type.is_some();
    let is_foreign = !answer.body.is_empty() && !answer.content_type().is_none_or(is_data);
    let read = match is_foreign {
        true => Err(DecodeError::Foreign(
            "it is neither JSON nor XML, and none was expected",
        )),
        false => Ok(()),
    };
    // It needs no end: nothing of it is lost.
    answer.cut = None;
    checked(answer, read)
}

/// Bytes, as they came, in one of these media types.
pub(crate) fn bytes(media_types: &'static [&'static str]) -> impl FnOnce(&mut Answer) -> Result<Bytes, Error> {
    move |answer| {
        let is_one = |it: &str| {
            let ContentType { essence, .. } = ContentType::parse(it);
            media_types.iter().any(|offered| essence.eq_ignore_ascii_case(offered))
        };
        let read = match answer.content_type() {
            Some(it) if !is_one(it) => Err(DecodeError::Foreign(
                "it is of none of the media types that the document offers",
            )),
            _ => Ok(answer.body.clone()),
        };
        checked(answer, read)
    }
}

/// Bytes, or none.
pub(crate) fn optional_bytes(
    media_types: &'static [&'static str],
) -> impl FnOnce(&mut Answer) -> Result<Option<Bytes>, Error> {
    move |answer| match answer.body.is_empty() && answer.cut.is_none() {
        true => Ok(None),
        false => bytes(media_types)(answer).map(Some),
    }
}

/// What was read, or an error that says that only the answer is lost; or that it was not the server's own.
fn checked<T>(answer: &mut Answer, read: Result<T, DecodeError>) -> Result<T, Error> {
    let lost = || Error::new(ErrorKind::AnswerLost, Outcome::Accepted);
    match (answer.cut.take(), read) {
        (None, Ok(value)) => Ok(value),
        // Only a plain 200 can be somebody else's page.
        (_, Err(DecodeError::Foreign(why))) if answer.status == 200 => {
            let error = Error::new(ErrorKind::UnexpectedAnswer, Outcome::Unknown);
            Err(answer.add_to(error.with(|it| it.detail = Some(why.to_owned()))))
        }
        (Some(cut), _) => Err(answer.add_to(lost().with_source(cut))),
        (None, Err(DecodeError::Unreadable(error))) => Err(answer.add_to(lost().with_source(error))),
        (None, Err(DecodeError::Foreign(why))) => {
            Err(answer.add_to(lost().with(|it| it.detail = Some(why.to_owned()))))
        }
    }
}

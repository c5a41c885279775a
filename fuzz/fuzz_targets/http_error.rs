//! An error body of any bytes is read or refused, and shown on one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use vitec_connect::datacontract::HttpError;

fuzz_target!(|bytes: &[u8]| {
    for error in [HttpError::from_json(bytes), HttpError::from_xml(bytes)]
        .into_iter()
        .flatten()
    {
        assert!(!error.to_string().contains(char::is_control));
        if has_distinct_fields(&error) {
            let body = body(&error).to_string();
            assert_eq!(HttpError::from_json(body.as_bytes()).as_ref(), Some(&error), "{body}");
        }
    }
});

/// A `Map` keeps neither a field that stands there twice nor the order.
fn has_distinct_fields(error: &HttpError) -> bool {
    error.model_state.is_sorted_by(|(a, _), (b, _)| a < b)
        && error.inner_exception.as_deref().is_none_or(has_distinct_fields)
}

/// The body as Web API writes it.
fn body(error: &HttpError) -> Value {
    let fields: Map<String, Value> = error
        .model_state
        .iter()
        .map(|(field, messages)| (field.clone(), json!(messages)))
        .collect();
    json!({
        "message": error.message,
        "messageDetail": error.message_detail,
        "exceptionMessage": error.exception_message,
        "exceptionType": error.exception_type,
        "stackTrace": error.stack_trace,
        "modelState": fields,
        "innerException": error.inner_exception.as_deref().map(body),
    })
}

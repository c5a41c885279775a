//! What .NET holds when it has understood a value, in the judge's own form.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{NaiveDate, NaiveTime};
use datacontract::{DateTime, DateTimeKind};
use serde_json::{Map, Value, json};
use vitec_connect_description::{Description, Shape, Type};

use crate::csharp::identifier;

/// What .NET holds when it has understood `value`, which is JSON as the document describes it.
pub fn meant(description: &Description, ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (_, Value::Null) => Value::Null,
        (Type::DateTime, Value::String(text)) => text.parse().map_or(Value::Null, |it| date(&it)),
        (Type::Float, Value::Number(number)) => number.as_f64().map_or(Value::Null, |it| f64::from(it as f32).into()),
        (Type::Double, Value::Number(number)) => number.as_f64().into(),
        (Type::Uuid, Value::String(text)) => text.to_lowercase().into(),
        (Type::Bytes, Value::String(text)) => match BASE64_STANDARD.decode(text) {
            Ok(bytes) => BASE64_STANDARD.encode(bytes).into(),
            Err(_) => value.clone(),
        },
        (Type::List(item), Value::Array(values)) => values.iter().map(|it| meant(description, &item.ty, it)).collect(),
        (Type::Dictionary(item), Value::Object(values)) => {
            let values = values
                .iter()
                .map(|(name, it)| (name.clone(), meant(description, &item.ty, it)));
            Value::Object(values.collect())
        }
        (Type::Schema(_), value) => match (description.shape(ty), value) {
            (Some(Shape::Object { members, .. }), Value::Object(values)) => {
                let members = members.iter().map(|member| {
                    let value = values.get(&member.json).unwrap_or(&Value::Null);
                    (identifier(&member.xml.name), meant(description, &member.ty, value))
                });
                Value::Object(members.collect::<Map<_, _>>())
            }
            (Some(Shape::Enumeration { .. }), Value::String(name)) => identifier(name).into(),
            (Some(Shape::Enumeration { names, .. }), Value::Number(number)) => {
                let is = |listed: Option<i32>| listed.is_some() && number.as_i64() == listed.map(i64::from);
                match names.iter().find(|it| is(it.number)) {
                    Some(listed) => identifier(&listed.name).into(),
                    None => value.clone(),
                }
            }
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

fn date(date: &DateTime) -> Value {
    let (kind, naive) = match date.kind() {
        DateTimeKind::Unspecified => ("Unspecified", date.naive()),
        DateTimeKind::Utc => ("Utc", date.naive()),
        DateTimeKind::Offset(_) => ("Local", date.to_utc().map_or(date.naive(), |it| it.naive_utc())),
    };
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    let since = naive - first.and_time(NaiveTime::MIN);
    let ticks = since.num_seconds() * 10_000_000 + i64::from(since.subsec_nanos()) / 100;
    let ticks_of_second = since.subsec_nanos() / 100;
    json!({"kind": kind, "ticks": ticks, "text": format!("{}.{ticks_of_second:07}", naive.format("%Y-%m-%dT%H:%M:%S"))})
}

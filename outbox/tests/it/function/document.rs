//! The function follows the document.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use vitec_connect::description::{
    Description, Item, Limits, Listed, Member, Parameter, Place, Schema, Shape, Type, XmlName,
};
use vitec_connect_outbox::function;

use super::{ask, made, promise, said};

fn member(json: &str, ty: Type, required: bool) -> Member {
    Member {
        json: json.to_owned(),
        xml: XmlName::default(),
        description: None,
        ty,
        required,
        read_only: false,
        limits: Limits::default(),
        expires: false,
    }
}

fn many(of: Type) -> Box<Item> {
    Box::new(Item {
        ty: of,
        xml: XmlName::default(),
    })
}

fn schema(shape: Shape) -> Schema {
    Schema {
        description: None,
        shape,
    }
}

fn object(members: Vec<Member>) -> Schema {
    schema(Shape::Object {
        xml: XmlName::default(),
        members,
    })
}

/// Today's document with an edit. What is described lives as long as the program.
fn edited(edit: impl FnOnce(&mut Description)) -> &'static Description {
    let mut description = vitec_connect::description().clone();
    edit(&mut description);
    Box::leak(Box::new(description))
}

fn delivered(description: &mut Description) -> &mut vitec_connect::description::Operation {
    description.operations.iter_mut().find(|it| it.deliver).unwrap()
}

/// The types that today's document does not use, as Rust writes them.
#[derive(Serialize)]
struct Whole {
    #[serde(rename = "A")]
    a: Option<f32>,
    bytes: String,
    double: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<bool>,
    id: String,
    kind: &'static str,
    list: Vec<Inner>,
    long: i64,
    map: BTreeMap<&'static str, Vec<i16>>,
    #[serde(rename = "å'")]
    odd: &'static str,
}

#[derive(Serialize)]
struct Inner {
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<Box<Inner>>,
    number: i32,
}

fn whole() -> &'static Description {
    edited(|it| {
        let inner = || Type::Schema("Inner".to_owned());
        let members = vec![
            member("double", Type::Double, true),
            member("A", Type::Float, false),
            member("flag", Type::Boolean, false),
            member("bytes", Type::Bytes, false),
            member("id", Type::Uuid, false),
            member("kind", Type::Schema("Kind".to_owned()), false),
            member("list", Type::List(many(inner())), false),
            member("long", Type::Int64, false),
            member("map", Type::Dictionary(many(Type::List(many(Type::Int16)))), false),
            member("å'", Type::Text, false),
        ];
        it.schemas.insert("LoanPromise".to_owned(), object(members));
        let members = vec![member("number", Type::Int32, true), member("again", inner(), false)];
        it.schemas.insert("Inner".to_owned(), object(members));
        let names = vec![Listed {
            name: "Ö".to_owned(),
            variant: "O".to_owned(),
            number: Some(7),
            description: None,
        }];
        let xml = XmlName::default();
        it.schemas
            .insert("Kind".to_owned(), schema(Shape::Enumeration { xml, names }));
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_is_written_as_rust_writes_it() {
    let Some((_, outbox, program)) = made().await else {
        return;
    };
    function::make_for(&program, whole()).await.unwrap();
    let doubles = [
        0.0,
        1.0,
        -1.5,
        0.1,
        1e15,
        1e16,
        1.5e16,
        123456789012345680.0,
        1e-4,
        1e-5,
        1.5e-5,
        1e-6,
        1.25e-7,
        1e-7,
        1e21,
        1e100,
        1.7976931348623157e308,
        5e-324,
        2.2250738585072014e-308,
        0.3,
        100.25,
        9007199254740993.0,
        4.35,
        -1e-9,
    ];
    for (number, double) in doubles.into_iter().enumerate() {
        let float = double as f32;
        let body = Whole {
            a: (float.is_finite() && (float == 0.0 || float.abs() > 1e-37)).then_some(float),
            bytes: "AQID".to_owned(),
            double,
            flag: (number % 2 == 0).then_some(true),
            id: "6f9619ff-8b86-d011-b42d-00cf4fc964ff".to_owned(),
            kind: "Ö",
            list: vec![Inner {
                again: Some(Box::new(Inner {
                    again: None,
                    number: i32::MIN,
                })),
                number: 5,
            }],
            long: i64::MAX,
            map: [("b", vec![]), ("a", vec![i16::MIN, 0]), ("ä", vec![1]), ("B", vec![2])].into(),
            odd: "\u{7f}\u{10ffff}'$1",
        };
        let mut text = serde_json::to_string(&body).unwrap();
        if body.a.is_none() {
            text = text.replacen("\"A\":null,", "", 1);
        }
        // As another program might write it.
        let loose = text
            .replace("6f9619ff-8b86", "6F9619FF-8B86")
            .replace("AQID", "AQ\\r\\n ID")
            .replace(r#""kind":"Ö""#, r#""kind":7"#);
        let id = promise(&program, &loose, None).await.unwrap();
        assert_eq!(outbox.row(id).await.unwrap().payload.unwrap(), text, "{double:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_is_checked() {
    let Some((_, _, program)) = made().await else {
        return;
    };
    function::make_for(&program, whole()).await.unwrap();
    for (body, says) in [
        (json!({}), "loan_promise.double is missing"),
        (json!({"double": null}), "loan_promise.double is missing"),
        (
            json!({"double": "1"}),
            "loan_promise.double is a text, and has to be a number",
        ),
        (
            json!({"double": 1, "flag": 0}),
            "loan_promise.flag is a number, and has to be true or false",
        ),
        (
            json!({"double": 1, "A": 1e39}),
            "loan_promise.A is a number out of the range of float",
        ),
        (
            json!({"double": 1, "long": 1.5}),
            "loan_promise.long has to be a whole number from -9223372036854775808 to ",
        ),
        (
            json!({"double": 1, "long": 9223372036854775808_u64}),
            "loan_promise.long has to be a whole number from ",
        ),
        (
            json!({"double": 1, "list": {}}),
            "loan_promise.list is an object, and has to be a list",
        ),
        (
            json!({"double": 1, "list": [null]}),
            "loan_promise.list[0] is null, and has to be an object",
        ),
        (
            json!({"double": 1, "list": [{"number": 1}, {"number": 1, "again": {"number": 1, "x": 1}}]}),
            r#"loan_promise.list[1].again has a member "x", which is not known; known are again, number"#,
        ),
        (
            json!({"double": 1, "list": [{}]}),
            "loan_promise.list[0].number is missing",
        ),
        (
            json!({"double": 1, "map": {"k": [1, 40000]}}),
            "loan_promise.map.k[1] has to be a whole number from -32768 to 32767",
        ),
    ] {
        let (code, message) = promise(&program, &body.to_string(), None).await.unwrap_err();
        assert_eq!(code, "22023", "{body}");
        assert!(message.starts_with(says), "{body}: {message}");
    }
    let huge = promise(&program, r#"{"double": 1e400}"#, None).await.unwrap_err();
    assert_eq!(huge.1, "loan_promise.double is a number out of the range of double");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_parameters_make_another_function() {
    let Some((_, _, program)) = made().await else {
        return;
    };
    let functions =
        "SELECT string_agg(proname || '(' || pg_get_function_identity_arguments(oid) || ')', ' ') FROM pg_proc
        WHERE proname LIKE 'vitec_connect_enqueue%'";
    let today =
        "vitec_connect_enqueue_loan_promise(customer_id text, contact_id text, loan_promise jsonb, reference text)";
    assert_eq!(ask(&program, functions).await, today);
    let more = edited(|it| {
        let operation = delivered(it);
        operation.parameters.push(Parameter {
            name: "reference".to_owned(),
            argument: "reference".to_owned(),
            place: Place::Query,
            required: true,
            description: None,
            ty: Type::Text,
            limits: Limits::default(),
            example: None,
        });
    });
    function::make_for(&program, more).await.unwrap();
    assert_eq!(
        ask(&program, functions).await,
        "vitec_connect_enqueue_loan_promise(customer_id text, contact_id text, reference text, loan_promise jsonb, \
         own_reference text)"
    );
    let call = "SELECT vitec_connect_enqueue_loan_promise('M1', '47\"11', 'x/y å', '{}', 'r')::text";
    let id = ask(&program, call).await;
    let subject = ask(
        &program,
        &format!("SELECT contact_id FROM vitec_connect_rows WHERE id = {id}"),
    )
    .await;
    assert_eq!(subject, json!(["47\"11", "x/y å"]).to_string());
    let null = "SELECT vitec_connect_enqueue_loan_promise('M1', '4711', NULL, '{}', 'r')";
    let error = program.query_typed(null, &[]).await.unwrap_err();
    assert_eq!(said(&error).1, "the reference is null");

    let none = edited(|it| delivered(it).deliver = false);
    function::make_for(&program, none).await.unwrap();
    assert_eq!(ask(&program, functions).await, "");
    function::make(&program).await.unwrap();
    assert_eq!(ask(&program, functions).await, today);
}

//! The description's operations: which requests there are, what they take and what they answer.

use serde_json::Value;
use vitec_connect::description::{self, Description, Place};

use crate::schema::{Schemas, Type, Typed};
use crate::schema_reader::Reader;

/// A description, ready to be served.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) schemas: Schemas,
    pub(crate) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// In capitals, as in a request.
    pub(crate) method: String,
    pub(crate) path: Vec<Segment>,
    pub(crate) parameters: Vec<Parameter>,
    /// The parameter that says whose password a call takes.
    pub(crate) credentials_key: Option<String>,
    pub(crate) body: Option<Body>,
    pub(crate) success: Success,
}

/// A part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Parameter(String),
    /// A parameter with something before or behind it: `{year}.json`.
    Mixed(String, String, String),
}

/// A path or query parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) in_path: bool,
    pub(crate) required: bool,
    pub(crate) ty: Type,
}

/// A request body.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) typed: Typed,
    /// The action's parameter, as it leads the keys of `modelState`.
    pub(crate) parameter: String,
}

/// What is answered when all is well.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    /// `None`: no body.
    pub(crate) typed: Option<Typed>,
    /// What it is sent as, where that is neither JSON nor XML.
    pub(crate) media_type: Option<String>,
    /// The document's JSON example.
    pub(crate) example: Option<Value>,
}

impl Api {
    pub(crate) fn read(description: &Description) -> Self {
        let mut reader = Reader::new(description);
        let operations = description.operations.iter();
        let mut operations: Vec<Operation> = operations.map(|it| operation(&mut reader, it)).collect();
        // A literal segment is a better match than a parameter.
        operations.sort_by_key(|operation| {
            let rank = |segment: &Segment| match segment {
                Segment::Literal(_) => 0,
                Segment::Mixed(..) => 1,
                Segment::Parameter(_) => 2,
            };
            operation.path.iter().map(rank).collect::<Vec<_>>()
        });
        Self {
            schemas: reader.into_schemas(),
            operations,
        }
    }
}

fn operation<'a>(reader: &mut Reader<'a>, operation: &'a description::Operation) -> Operation {
    let known = operation.parameters.iter().filter(|it| it.place != Place::Header);
    let parameters = known.map(|it| Parameter {
        name: it.name.clone(),
        in_path: it.place == Place::Path,
        required: it.required,
        ty: reader.ty(&it.ty),
    });
    Operation {
        id: operation.id.clone(),
        method: operation.method.clone(),
        path: operation.path.trim_matches('/').split('/').map(segment).collect(),
        parameters: parameters.collect(),
        credentials_key: operation.credentials_key.clone(),
        body: operation.body.as_ref().map(|it| Body {
            typed: reader.content(&it.content),
            parameter: it.parameter.clone(),
        }),
        success: success(reader, &operation.answer),
    }
}

fn segment(part: &str) -> Segment {
    let parts = part.split_once('{').and_then(|(before, rest)| {
        let (name, behind) = rest.split_once('}')?;
        Some((before, name, behind))
    });
    match parts {
        None => Segment::Literal(part.to_owned()),
        Some(("", name, "")) => Segment::Parameter(name.to_owned()),
        Some((before, name, behind)) => Segment::Mixed(before.to_owned(), name.to_owned(), behind.to_owned()),
    }
}

fn success<'a>(reader: &mut Reader<'a>, answer: &'a description::Answer) -> Success {
    let content = answer.content.as_ref();
    let is_binary = |it: &&description::Content| it.ty == description::Type::Binary;
    Success {
        status: answer.status,
        media_type: content.filter(is_binary).and_then(|it| it.media_types.first().cloned()),
        example: content.and_then(|it| serde_json::from_str(it.example.as_deref()?).ok()),
        typed: content.map(|it| reader.content(it)),
    }
}

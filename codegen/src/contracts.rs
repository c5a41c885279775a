//! What the document says, read into the few kinds of thing that go over this wire. Every mistake in it is found here
//! and in the two files that do the reading, for operations and for schemas.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Mistake, Node};

/// The operations of the document, and the models that they carry.
pub(crate) struct Contracts<'a> {
    /// The base URL that calls go to unless told otherwise.
    pub(crate) server: &'a str,
    pub(crate) operations: Vec<Operation<'a>>,
    /// By the name of the Rust type.
    pub(crate) models: BTreeMap<String, Model<'a>>,
    /// The places of the lists that are just being read: one that is met again would hold itself.
    pub(crate) open_lists: Vec<String>,
}

pub(crate) struct Operation<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) parameters: Vec<Parameter<'a>>,
}

pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) place: &'a str,
    pub(crate) required: bool,
    pub(crate) description: Option<&'a str>,
    pub(crate) ty: Type,
}

/// A schema that becomes a type of its own in Rust.
pub(crate) struct Model<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) description: Option<&'a str>,
    pub(crate) kind: Kind<'a>,
}

pub(crate) enum Kind<'a> {
    /// Members in the order that DataContractSerializer demands: ordinal, by their names in XML.
    Object {
        xml: XmlName,
        members: Vec<Member<'a>>,
    },
    Enumeration {
        xml: XmlName,
        names: Vec<Listed<'a>>,
    },
    /// A string that stands in a path. Lengths in characters.
    Id {
        min: u64,
        max: u64,
        pattern: Option<&'a str>,
    },
}

pub(crate) struct Member<'a> {
    pub(crate) json: String,
    pub(crate) xml: XmlName,
    pub(crate) description: Option<&'a str>,
    pub(crate) required: bool,
    pub(crate) ty: Type,
}

/// A name that an enumeration lists.
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a str,
    pub(crate) variant: String,
    pub(crate) number: Option<i32>,
    pub(crate) description: Option<&'a str>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct XmlName {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Clone)]
pub(crate) enum Type {
    /// A type of JSON, and the format that says how wide it is.
    Plain(&'static str, Option<&'static str>),
    DateTime,
    Model(String),
    List(Box<Type>, XmlName),
}

impl<'a> Contracts<'a> {
    pub(crate) fn read(document: &Node<'a>) -> Result<Self, Mistake> {
        if !document
            .text("openapi")?
            .is_some_and(|version| version.starts_with("3.0."))
        {
            return Err(document.mistake("an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)"));
        }
        let info = document.require("info")?;
        for name in ["title", "version"] {
            info.text(name)?
                .ok_or_else(|| info.mistake(format!("`{name}` is missing")))?;
        }
        let mut contracts = Contracts {
            server: read_server(&document.require("servers")?.require("0")?)?,
            operations: Vec::new(),
            models: BTreeMap::new(),
            open_lists: Vec::new(),
        };
        // Errors are decoded by the library itself, in any casing of their keys: a schema that only they use needs no
        // model, and has no namespace.
        let (mut in_use, mut in_errors) = (BTreeSet::new(), BTreeSet::new());
        all_references_lead_somewhere(document)?;
        // Parameters first: a string that stands in a path is an id everywhere.
        for (path, item) in document.require("paths")?.children() {
            contracts.read_path(&path, &item, &mut in_use)?;
        }
        contracts.read_bodies(&mut in_use, &mut in_errors)?;
        if let Some(schemas) = document
            .get("components")?
            .map(|it| it.get("schemas"))
            .transpose()?
            .flatten()
        {
            for (name, schema) in schemas.children() {
                let used = |places: &BTreeSet<String>| places.contains(schema.pointer());
                if used(&in_use) || !used(&in_errors) {
                    contracts.read_type(&schema, &name)?;
                }
            }
        }
        contracts.no_xml_name_twice()?;
        contracts.no_model_named_like_a_builder()?;
        Ok(contracts)
    }
}

impl PartialEq for Kind<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Kind::Id { min, max, pattern },
                Kind::Id {
                    min: a,
                    max: b,
                    pattern: c,
                },
            ) => (min, max, pattern) == (a, b, c),
            _ => false,
        }
    }
}

fn read_server<'a>(server: &Node<'a>) -> Result<&'a str, Mistake> {
    let url = server.text("url")?.ok_or_else(|| server.mistake("`url` is missing"))?;
    if !(url.starts_with("https://") || url.starts_with("http://")) || url.contains(['{', '?', '#']) {
        let here = server.child("url").unwrap_or_else(|| server.clone());
        return Err(here.mistake("a whole URL is expected, `https://…`, without variables, query and fragment"));
    }
    Ok(url)
}

fn all_references_lead_somewhere(node: &Node<'_>) -> Result<(), Mistake> {
    if node.reference()?.is_some() && node.children().len() > 1 {
        return Err(node.mistake(
            "what stands beside a `$ref` is ignored in OpenAPI 3.0; in a schema, write `allOf: [{$ref: …}]` and the rest beside it",
        ));
    }
    node.children()
        .iter()
        .try_for_each(|(_, child)| all_references_lead_somewhere(child))
}

/// The places that `node` refers to, and those that they refer to in turn.
pub(crate) fn mentioned_places(node: &Node<'_>, places: &mut BTreeSet<String>) -> Result<(), Mistake> {
    if let Some(target) = node.reference()?
        && places.insert(target.pointer().to_owned())
    {
        mentioned_places(&target, places)?;
    }
    node.children()
        .iter()
        .try_for_each(|(_, child)| mentioned_places(child, places))
}

//! Parameters, and the ids among them.

use heck::ToUpperCamelCase;
use vitec_connect_description::{Parameter, Place, Shape, Type};

use crate::bodies::example;
use crate::document::Node;
use crate::keywords::similar;
use crate::names::{type_name, value_name};
use crate::operations::{Found, whose_password};
use crate::reader::{CUSTOMER_ID, DocumentReader, limits};
use crate::schemas::read_type;

/// What progenitor's operations call things of their own, without making way for an argument.
const OWN_NAMES: [&str; 2] = ["encode_path", "header_map"];
/// What OpenAPI 3.0 says is described elsewhere; the client sets them itself.
const OWN_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];
/// Names that say nothing of what they identify: `{id}` of an order and `{id}` of a task are not one type.
const BARE: [&str; 6] = ["code", "guid", "id", "key", "name", "number"];

/// Enters what stands in a path: a text there becomes a type of its own. Two ids cannot be swapped, and what would lead
/// to another path is refused when the id is made.
pub(crate) fn read_ids<'a>(reader: &mut DocumentReader<'a>, found: &Found<'a>) {
    let key = whose_password(&found.parameters).map(Node::pointer);
    for parameter in &found.parameters {
        let is_key = Some(parameter.pointer()) == key;
        // Wherever it stands, the customer is one.
        if (is_key || parameter.text("in") == Some("path"))
            && let (Some(name), Some(schema)) = (parameter.text("name"), parameter.child("schema"))
        {
            read_id(reader, &found.path, name, is_key, &schema);
        }
    }
}

fn read_id<'a>(
    reader: &mut DocumentReader<'a>,
    path: &str,
    parameter: &str,
    is_key: bool,
    schema: &Node<'a>,
) -> Option<()> {
    let mut target = schema.clone().followed()?;
    if target.text("type") != Some("string") || target.child("enum").is_some() || target.child("format").is_some() {
        return None;
    }
    // Written in place as any string, it is the schema of that name where there is one.
    let own_name = match is_key {
        true => CUSTOMER_ID.to_owned(),
        false => parameter.to_upper_camel_case(),
    };
    let named = target.schema(&own_name);
    if let Some(named) = named.filter(|_| target.children().len() == 1 && target.schema_name().is_none()) {
        target = named.followed()?;
    }
    let name = match target.schema_name() {
        Some(name) => type_name(name),
        None if is_key => own_name,
        None => id_name(path, parameter),
    };
    if reader.known.contains_key(target.pointer()) {
        let known = reader.known.get(target.pointer()).cloned()?;
        reader.known.insert(schema.pointer().to_owned(), known);
        return Some(());
    }
    let (min, max) = (target.count("minLength").unwrap_or(1).max(1), target.count("maxLength"));
    if max.is_some_and(|max| max < min) {
        let max = max.unwrap_or_default();
        target.mistake_at(
            "maxLength",
            format!("at most {max} characters, and at least {min}: no text is that"),
        );
    }
    let shape = Shape::Id {
        min,
        max,
        pattern: target.text("pattern").map(str::to_owned),
    };
    let same = reader
        .description
        .schemas
        .get(&name)
        .is_some_and(|it| it.shape == shape);
    if let Some(other) = reader.places.get(&name).filter(|_| !same) {
        let place = other.place();
        schema.mistake(format!(
            "the parameter {parameter:?} of {path} and {place} are both called {name}, and differ: give this one a schema of \
             its own under components/schemas"
        ));
        reader.known.insert(schema.pointer().to_owned(), None);
        return None;
    }
    let known = match same {
        true => Some(Type::Schema(name)),
        false => reader.add(&name, &target, shape).map(|()| Type::Schema(name)),
    };
    reader.known.insert(target.pointer().to_owned(), known.clone());
    reader.known.insert(schema.pointer().to_owned(), known);
    Some(())
}

pub(crate) fn read_parameter<'a>(
    reader: &mut DocumentReader<'a>,
    found: &Found<'a>,
    node: &Node<'a>,
    is_key: bool,
) -> Option<Parameter> {
    for word in ["name", "in", "schema"] {
        node.missing(word, format!("`{word}` is missing"));
    }
    let name = node.text("name")?;
    let place = read_place(node, name)?;
    let Some(argument) = value_name(name) else {
        node.mistake(format!("the name {name:?} gives no argument in Rust"));
        return None;
    };
    if OWN_NAMES.contains(&argument.as_str()) {
        node.mistake(format!(
            "progenitor has another use for the name {argument:?}: no argument can be called so"
        ));
    }
    let schema = node.child("schema")?;
    let operation = found.node.text("operationId").unwrap_or_default();
    // A name of its own for what stands in place: another operation's parameter of this name may differ.
    let hint = format!("{operation}_{}", name.to_upper_camel_case());
    let ty = match reader.known.get(schema.pointer()) {
        Some(known) => known.clone()?,
        None => read_type(reader, &schema, &hint)?,
    };
    check_parameter(reader, &ty, place, &schema);
    if is_key && ty != Type::Schema(CUSTOMER_ID.to_owned()) && schema.is_right() {
        schema.mistake(format!(
            "the parameter says whose password the call takes, and is a {CUSTOMER_ID}: `type: string`, or a `$ref` to the schema \
             of that name; `x-credentials-key: false` says that it is none"
        ));
    }
    Some(Parameter {
        name: name.to_owned(),
        argument,
        place,
        // Without a customer there is no password: optional in the document, needed here.
        required: node.says("required") || is_key,
        description: node.text("description").map(str::to_owned),
        ty,
        example: example(node, &schema),
        limits: schema.followed().map(|it| limits(&it)).unwrap_or_default(),
    })
}

fn check_parameter<'a>(reader: &DocumentReader<'a>, ty: &Type, place: Place, schema: &Node<'a>) {
    let is_object = |ty: &Type| matches!(reader.description.shape(ty), Some(Shape::Object { .. }));
    match ty {
        Type::List(item) if is_object(&item.ty) || matches!(item.ty, Type::List(_) | Type::Dictionary(_)) => {
            schema.mistake("a list of objects or lists cannot stand in a parameter");
        }
        Type::List(_) if place != Place::Query => schema.mistake("a list stands in the query only"),
        Type::Dictionary(_) => schema.mistake("a dictionary cannot stand in a parameter"),
        ty if is_object(ty) => schema.mistake("an object cannot stand in a parameter"),
        _ => {}
    }
}

fn read_place(node: &Node<'_>, name: &str) -> Option<Place> {
    let place = match node.text("in")? {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        other => {
            let help = match similar(other, ["path", "query", "header"].into_iter()) {
                Some(name) => format!("did you mean {name:?}?"),
                None => "only path, query and header are known".to_owned(),
            };
            node.mistake_at("in", format!("a parameter in {other:?}: {help}"));
            return None;
        }
    };
    if place == Place::Header && OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        node.mistake(format!("the client sets the header {name:?} itself"));
    }
    if place == Place::Path && !node.says("required") {
        node.missing("required", "a parameter in the path is `required: true`");
        if node.child("required").is_some_and(|it| it.value.is_boolean()) {
            node.mistake_at("required", "a parameter in the path is `required: true`");
        }
    }
    Some(place)
}

/// `EstateId` for `{estateId}`; of `/Orders/{customerId}/{id}`, `{id}` is an `OrdersId`.
fn id_name(path: &str, parameter: &str) -> String {
    if !BARE.contains(&parameter.to_lowercase().as_str()) {
        return type_name(parameter);
    }
    let before = path.split(&format!("{{{parameter}}}")).next().unwrap_or_default();
    let mut words = before.split('/').filter(|it| !it.is_empty() && !it.contains('{'));
    let mut after = path.split('/').filter(|it| !it.is_empty() && !it.contains('{'));
    let resource = words.next_back().or_else(|| after.next_back()).unwrap_or_default();
    type_name(&format!("{resource}_{parameter}"))
}

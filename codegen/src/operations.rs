//! Operations: which there are, and whose password they take.

use vitec_connect_description::{Command, Operation, Parameter, Place, Status};

use crate::bodies::{read_answer, read_body};
use crate::document::Node;
use crate::names::value_name;
use crate::parameters::read_parameter;
use crate::reader::DocumentReader;

/// What progenitor's client and ours have besides the operations.
const OWN_METHODS: [&str; 15] = [
    "api_version",
    "baseurl",
    "builder",
    "client",
    "exec",
    "from_inner",
    "inner",
    "new",
    "new_with_client",
    "operation",
    "post",
    "pre",
    "preview",
    "runtime",
    "watched",
];
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// The parameter that says whose password a call takes, unless the document says otherwise.
const CUSTOMER: &str = "customerId";

/// An operation of the document, before it is read.
pub(crate) struct Found<'a> {
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) node: Node<'a>,
    /// The parameters of its own, then those of its path that it does not override.
    pub(crate) parameters: Vec<Node<'a>>,
}

pub(crate) fn find_operations<'a>(paths: &Node<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for (path, item) in paths.children() {
        if path.starts_with("x-") {
            continue;
        }
        let whole_braces = path.split('{').skip(1).all(|it| it.contains('}'))
            && path.matches('}').count() == path.matches('{').count();
        if !path.starts_with('/') || path.contains(['?', '#']) || !whole_braces {
            item.mistake("a path begins with `/`, has no query and no fragment, and closes each brace");
            continue;
        }
        for (method, node) in item.children() {
            if METHODS.contains(&method.as_str()) && node.value.is_object() {
                let parameters = find_parameters(&node, &item);
                found.push(Found {
                    path: path.clone(),
                    method,
                    node,
                    parameters,
                });
            }
        }
    }
    found
}

fn find_parameters<'a>(operation: &Node<'a>, item: &Node<'a>) -> Vec<Node<'a>> {
    let mut parameters: Vec<Node<'a>> = Vec::new();
    let of = |node: &Node<'a>| node.child("parameters").map_or_else(Vec::new, |it| it.children());
    let own = of(operation).into_iter().map(|(_, it)| (true, it));
    for (is_own, parameter) in own.chain(of(item).into_iter().map(|(_, it)| (false, it))) {
        let Some(parameter) = parameter.followed() else {
            continue;
        };
        let same = |it: &Node<'a>| it.text("name") == parameter.text("name") && it.text("in") == parameter.text("in");
        match parameters.iter().any(same) {
            true if is_own => parameter.mistake("a parameter of this name stands in this operation already"),
            true => {}
            false => parameters.push(parameter),
        }
    }
    parameters
}

pub(crate) fn read_operation<'a>(reader: &mut DocumentReader<'a>, found: &Found<'a>) -> Option<()> {
    let node = &found.node;
    node.missing(
        "operationId",
        "the operation has no operationId, and the client's method is named after it",
    );
    let id = node.text("operationId");
    let name = id.and_then(|id| method_name(reader, id, node));
    let key = whose_password(&found.parameters);
    let mut parameters: Vec<Parameter> = Vec::new();
    for described in &found.parameters {
        let is_key = key.is_some_and(|it| it.pointer() == described.pointer());
        if let Some(parameter) = read_parameter(reader, found, described, is_key)
            && argument_is_free(&parameter, &parameters, described)
        {
            parameters.push(parameter);
        }
    }
    let in_path = in_path(&found.path);
    path_and_parameters_agree(&in_path, found);
    // As they stand in the path; the others as they are described.
    parameters.sort_by_key(|it| match it.place {
        Place::Path => in_path.iter().position(|name| *name == it.name).unwrap_or_default(),
        _ => in_path.len(),
    });
    let body = read_body(reader, node, id.unwrap_or_default());
    let answer = read_answer(reader, node, id.unwrap_or_default());
    let operation = Operation {
        id: id?.to_owned(),
        name: name?,
        command: Command {
            noun: String::new(),
            verb: String::new(),
        },
        method: found.method.to_uppercase(),
        path: found.path.clone(),
        tags: node.texts("tags").into_iter().map(str::to_owned).collect(),
        summary: node.text("summary").map(str::to_owned),
        description: node.text("description").map(str::to_owned),
        deprecated: node.says("deprecated"),
        parameters,
        credentials_key: key.and_then(|it| it.text("name")).map(str::to_owned),
        body: body?,
        answer: answer?,
        statuses: statuses(node),
        deliver: node.says("x-deliver"),
    };
    reader.operations.push((operation, node.clone()));
    Some(())
}

fn method_name<'a>(reader: &DocumentReader<'a>, id: &str, node: &Node<'a>) -> Option<String> {
    let Some(name) = value_name(id).filter(|it| !OWN_METHODS.contains(&it.as_str())) else {
        node.mistake_at(
            "operationId",
            format!("operationId {id:?} gives no name of its own for a method"),
        );
        return None;
    };
    if let Some((_, other)) = reader.operations.iter().find(|(it, _)| it.name == name) {
        let place = other.place();
        node.mistake_at(
            "operationId",
            format!("operationId {id:?} is taken already, by {place}"),
        );
        return None;
    }
    Some(name)
}

fn statuses(operation: &Node<'_>) -> Vec<Status> {
    let responses = operation.child("responses");
    let known = responses
        .iter()
        .flat_map(Node::children)
        .filter_map(|(code, response)| {
            let description = response.followed()?.text("description").map(str::to_owned);
            (!code.starts_with("x-")).then_some(Status { code, description })
        });
    known.collect()
}

/// The parameter that is the customer: the one that the document marks, else the one called so.
pub(crate) fn whose_password<'p, 'a>(parameters: &'p [Node<'a>]) -> Option<&'p Node<'a>> {
    let mut marked = parameters.iter().filter(|it| it.says("x-credentials-key"));
    let first = marked.next();
    for another in marked {
        another.mistake_at(
            "x-credentials-key",
            "a call takes one password, and another parameter says whose already",
        );
    }
    let may_be = |it: &&Node<'a>| it.text("name") == Some(CUSTOMER) && it.child("x-credentials-key").is_none();
    let in_place = |place: &str| parameters.iter().filter(may_be).find(|it| it.text("in") == Some(place));
    first.or_else(|| in_place("path")).or_else(|| in_place("query"))
}

/// The names in braces.
pub(crate) fn in_path(path: &str) -> Vec<&str> {
    let names = path.split('{').skip(1);
    names
        .filter_map(|it| it.split_once('}').map(|(name, _)| name))
        .collect()
}

fn argument_is_free(parameter: &Parameter, others: &[Parameter], node: &Node<'_>) -> bool {
    let free = !others.iter().any(|it| it.argument == parameter.argument);
    if !free {
        node.mistake(format!(
            "the method has an argument {:?} already: parameters differ in more than their case",
            parameter.argument
        ));
    }
    free
}

fn path_and_parameters_agree(in_path: &[&str], found: &Found<'_>) {
    let described: Vec<&str> = found
        .parameters
        .iter()
        .filter(|it| it.text("in") == Some("path"))
        .filter_map(|it| it.text("name"))
        .collect();
    for name in in_path {
        if !described.contains(name) {
            found
                .node
                .mistake(format!("the path has {{{name}}}, and no parameter describes it"));
        }
    }
    for name in described {
        if !in_path.contains(&name) {
            found
                .node
                .mistake(format!("the path has no {{{name}}}, which is a parameter in it"));
        }
    }
}

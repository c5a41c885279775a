//! Operations: their parameters, and what they carry in bodies and answers.

use std::collections::BTreeSet;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::contracts::{Contracts, Kind, Model, Operation, Parameter, Type, mentioned_places};
use crate::document::{Mistake, Node};
use crate::schemas::{NO_NAMESPACE, content_schema, is_date, xml_text};

const MEDIA_TYPES: [&str; 4] = ["application/json", "text/json", "application/xml", "text/xml"];
/// What progenitor's client has besides the operations.
const OWN_METHODS: [&str; 9] = [
    "new",
    "new_with_client",
    "api_version",
    "baseurl",
    "client",
    "inner",
    "pre",
    "post",
    "exec",
];
/// What progenitor's operations call things of their own, without making way for an argument.
const OWN_NAMES: [&str; 2] = ["encode_path", "header_map"];
/// What OpenAPI 3.0 says is described elsewhere; the client sets them itself.
const OWN_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl<'a> Contracts<'a> {
    pub(crate) fn read_path(
        &mut self,
        path: &str,
        item: &Node<'a>,
        in_use: &mut BTreeSet<String>,
    ) -> Result<(), Mistake> {
        let whole_braces = path.split('{').skip(1).all(|it| it.contains('}'))
            && path.matches('}').count() == path.matches('{').count();
        if !path.starts_with('/') || path.contains(['?', '#']) || !whole_braces {
            return Err(item.mistake("a path begins with `/`, has no query and no fragment, and closes each brace"));
        }
        for (method, node) in item.children() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let id = node.text("operationId")?.ok_or_else(|| {
                node.mistake("the operation has no operationId, and the client's method is named after it")
            })?;
            let method_name = id.to_snake_case();
            if syn::parse_str::<syn::Ident>(&method_name).is_err() || OWN_METHODS.contains(&method_name.as_str()) {
                return Err(node.mistake(format!("operationId {id:?} gives no name of its own for a method")));
            }
            if let Some(other) = self.operations.iter().find(|it| it.name() == method_name) {
                let place = other.node.place();
                return Err(node.mistake(format!("operationId {id:?} is taken already, by {place}")));
            }
            node.text("summary")?;
            let mut parameters: Vec<Parameter<'a>> = Vec::new();
            for list in [node.get("parameters")?, item.get("parameters")?].into_iter().flatten() {
                for (index, _) in list.children() {
                    let described = list.require(&index)?;
                    mentioned_places(&described, in_use)?;
                    let parameter = self.read_parameter(path, &described)?;
                    // The operation's own come first, and override the path's.
                    let overridden = |it: &Parameter<'a>| (it.name, it.place) == (parameter.name, parameter.place);
                    if parameters.iter().any(overridden) {
                        continue;
                    }
                    let argument = parameter.name.to_snake_case();
                    if OWN_NAMES.contains(&argument.as_str()) {
                        let message = format!(
                            "progenitor has another use for the name {argument:?}: no argument can be called so"
                        );
                        return Err(described.mistake(message));
                    }
                    if parameters.iter().any(|it| it.name.to_snake_case() == argument) {
                        return Err(described.mistake(format!(
                            "the method has an argument {argument:?} already: parameters differ in more than their case"
                        )));
                    }
                    parameters.push(parameter);
                }
            }
            path_and_parameters_agree(path, &parameters, &node)?;
            self.operations.push(Operation {
                path: path.to_owned(),
                node,
                method,
                parameters,
            });
        }
        Ok(())
    }

    pub(crate) fn read_bodies(
        &mut self,
        in_use: &mut BTreeSet<String>,
        in_errors: &mut BTreeSet<String>,
    ) -> Result<(), Mistake> {
        let operations: Vec<(Node<'a>, String)> =
            self.operations.iter().map(|it| (it.node.clone(), it.name())).collect();
        for (node, name) in operations {
            if let Some(body) = node.get("requestBody")? {
                mentioned_places(&body, in_use)?;
                body.require("content")?;
                self.read_content(&body, &format!("{name}_body"))?;
            }
            let responses = node.require("responses")?;
            if !responses.children().iter().any(|(status, _)| status.starts_with('2')) {
                return Err(responses.mistake("no response with a status 2xx says what comes back"));
            }
            for (status, _) in responses.children() {
                let response = responses.require(&status)?;
                if status.starts_with('2') {
                    mentioned_places(&response, in_use)?;
                    self.read_content(&response, &format!("{name}_answer"))?;
                } else {
                    mentioned_places(&response, in_errors)?;
                }
            }
        }
        Ok(())
    }

    fn read_parameter(&mut self, path: &str, parameter: &Node<'a>) -> Result<Parameter<'a>, Mistake> {
        let name = parameter
            .text("name")?
            .ok_or_else(|| parameter.mistake("`name` is missing"))?;
        let place = parameter
            .text("in")?
            .ok_or_else(|| parameter.mistake("`in` is missing"))?;
        if !["path", "query", "header"].contains(&place) {
            return Err(parameter.mistake(format!(
                "a parameter in {place:?}: only path, query and header are known"
            )));
        }
        if place == "header" && OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(parameter.mistake(format!("the client sets the header {name:?} itself")));
        }
        for word in ["style", "explode", "allowReserved"] {
            if let Some(node) = parameter.child(word) {
                return Err(node.mistake(format!("`{word}` is not supported: a list is sent as `name=a&name=b`")));
            }
        }
        if place == "path" && !parameter.says("required") {
            return Err(parameter.mistake("a parameter in the path is `required: true`"));
        }
        let schema = parameter
            .child("schema")
            .ok_or_else(|| parameter.mistake("`schema` is missing"))?;
        let ty = match place {
            "path" => self.read_path_type(&schema, name, path)?,
            _ => self.read_type(&schema, &name.to_upper_camel_case())?,
        };
        let is_object = |ty: &Type| match ty {
            Type::Model(name) => matches!(self.models.get(name).map(|it| &it.kind), Some(Kind::Object { .. })),
            _ => false,
        };
        match &ty {
            Type::List(item, _) if is_object(item) || matches!(**item, Type::List(..)) => {
                Err(schema.mistake("a list of objects or lists cannot stand in a parameter"))
            }
            Type::List(..) if place != "query" => Err(schema.mistake("a list stands in the query only")),
            ty if is_object(ty) => Err(schema.mistake("an object cannot stand in a parameter")),
            _ => Ok(()),
        }?;
        Ok(Parameter {
            name,
            place,
            required: parameter.says("required"),
            description: parameter.text("description")?,
            ty,
        })
    }

    /// A string in a path becomes a type of its own: two ids cannot be swapped, and what would lead to another path is
    /// refused when the id is made.
    fn read_path_type(&mut self, schema: &Node<'a>, parameter: &str, path: &str) -> Result<Type, Mistake> {
        let mut named = schema.reference()?;
        // Written in place as any string, it is the schema of that name where there is one.
        let plain = schema.text("type")? == Some("string") && schema.children().len() == 1;
        if named.is_none() && plain {
            named = schema.schema(&parameter.to_upper_camel_case());
        }
        let target = named.as_ref().unwrap_or(schema);
        if target.text("type")? != Some("string") || target.child("enum").is_some() || is_date(target)? {
            return self.read_type(schema, &parameter.to_upper_camel_case());
        }
        let name = target.schema_name().unwrap_or(parameter).to_upper_camel_case();
        let length = |name: &str, otherwise: u64| match target.child(name) {
            None => Ok(otherwise),
            Some(node) => node
                .value
                .as_u64()
                .ok_or_else(|| node.mistake("a length is a whole number, not below 0")),
        };
        let (min, max) = (length("minLength", 1)?.max(1), length("maxLength", 40)?);
        if max < min {
            let here = target.child("maxLength").unwrap_or_else(|| target.clone());
            return Err(here.mistake(format!("at most {max} characters, and at least {min}: no text is that")));
        }
        let pattern = target.text("pattern")?;
        let kind = Kind::Id { min, max, pattern };
        if let Some(Model { node, kind: other, .. }) = self.models.get(&name) {
            if node.pointer() != target.pointer() && *other != kind {
                return Err(schema.mistake(format!(
                    "the parameter {parameter:?} of {path} and {} are both called {name}, and differ: give this one a schema of \
                     its own under components/schemas",
                    node.place()
                )));
            }
        } else {
            self.add(&name, target, kind)?;
        }
        Ok(Type::Model(name))
    }

    /// A body or an answer: the same schema in each media type, in JSON and in XML.
    fn read_content(&mut self, holder: &Node<'a>, hint: &str) -> Result<(), Mistake> {
        let Some(content) = holder.get("content")? else {
            return Ok(());
        };
        let mut first: Option<Node<'a>> = None;
        for (media_type, entry) in content.children() {
            if !MEDIA_TYPES.contains(&media_type.as_str()) {
                return Err(entry.mistake(format!(
                    "the media type is not one that this client writes and reads: {}",
                    MEDIA_TYPES.join(", ")
                )));
            }
            let schema = entry
                .child("schema")
                .ok_or_else(|| entry.mistake("`schema` is missing"))?;
            if first.as_ref().is_some_and(|first| first.value != schema.value) {
                return Err(schema.mistake("the schema is not that of the other media types beside it"));
            }
            first.get_or_insert(schema);
        }
        let Some(schema) = first else {
            return Ok(());
        };
        let ty = self.read_type(&schema, &hint.to_upper_camel_case())?;
        // The root is named after the type: in Rust a value does not know in which answer it stands.
        let root = self.root(&ty);
        if root.namespace.is_empty() {
            return Err(schema.mistake(NO_NAMESPACE));
        }
        let target = content_schema(&schema)?;
        self.default_item_names(&ty, &target)?;
        for said_by in [&schema, &target] {
            if xml_text(said_by, "name")?.is_some_and(|it| it != root.name)
                || xml_text(said_by, "namespace")?.is_some_and(|it| it != root.namespace)
            {
                return Err(said_by.mistake(format!(
                    "DataContractSerializer calls this root element {:?} in the namespace {:?}",
                    root.name, root.namespace
                )));
            }
        }
        Ok(())
    }
}

impl Operation<'_> {
    /// The name of the generated method.
    pub(crate) fn name(&self) -> String {
        let id = self.node.value.get("operationId").and_then(Value::as_str);
        id.unwrap_or_default().to_snake_case()
    }
}

fn path_and_parameters_agree(path: &str, parameters: &[Parameter<'_>], node: &Node<'_>) -> Result<(), Mistake> {
    let in_path: Vec<&str> = path
        .split('{')
        .skip(1)
        .filter_map(|it| it.split_once('}').map(|(name, _)| name))
        .collect();
    for name in &in_path {
        if !parameters.iter().any(|it| it.place == "path" && it.name == *name) {
            return Err(node.mistake(format!("the path has {{{name}}}, and no parameter describes it")));
        }
    }
    match parameters
        .iter()
        .find(|it| it.place == "path" && !in_path.contains(&it.name))
    {
        Some(parameter) => Err(node.mistake(format!(
            "the path has no {{{}}}, which is a parameter in it",
            parameter.name
        ))),
        None => Ok(()),
    }
}

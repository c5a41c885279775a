//! The document that progenitor gets: types, paths and parameters as they are, and no bodies.
//!
//! progenitor knows one media type a body and JSON answers only. Its operations make the request, from path and
//! parameters; the library puts JSON or XML into it, sends it and reads the answer.
//!
//! It is made of openapiv3's own types: to read it from JSON would be a second of every first build.

use std::collections::BTreeMap;

use openapiv3::{
    ArrayType, BooleanType, Components, HeaderStyle, Info, IntegerFormat, IntegerType, NumberFormat, NumberType,
    ObjectType, OpenAPI, ParameterData, ParameterSchemaOrContent, PathItem, PathStyle, Paths, QueryStyle, ReferenceOr,
    Schema, SchemaData, SchemaKind, StringType, VariantOrUnknownOrEmpty,
};
use serde_json::Value;

use crate::contracts::{Contracts, Kind, Member, Operation, Parameter, Type};

/// The schema that stands for `crate::DateTime`.
pub(crate) const DATE_TIME: &str = "DateTime";

pub(crate) fn narrow(contracts: &Contracts<'_>, info: &Value) -> OpenAPI {
    let text = |name| info[name].as_str().unwrap_or_default().to_owned();
    let mut paths: BTreeMap<&str, PathItem> = BTreeMap::new();
    for operation in &contracts.operations {
        let item = paths.entry(&operation.path).or_default();
        let place = match operation.method.as_str() {
            "get" => &mut item.get,
            "put" => &mut item.put,
            "post" => &mut item.post,
            "delete" => &mut item.delete,
            "options" => &mut item.options,
            "head" => &mut item.head,
            "patch" => &mut item.patch,
            _ => &mut item.trace,
        };
        *place = Some(narrow_operation(operation));
    }
    let models = contracts.models.iter().map(|(name, model)| {
        let schema = match &model.kind {
            Kind::Object { members, .. } => object(model.description, members),
            Kind::Enumeration { .. } | Kind::Id { .. } => string(),
        };
        (name.clone(), schema)
    });
    let schemas = [(DATE_TIME.to_owned(), string())].into_iter().chain(models);
    OpenAPI {
        openapi: "3.0.3".to_owned(),
        info: Info {
            title: text("title"),
            version: text("version"),
            ..Info::default()
        },
        paths: Paths {
            paths: paths
                .into_iter()
                .map(|(path, item)| (path.to_owned(), ReferenceOr::Item(item)))
                .collect(),
            ..Paths::default()
        },
        components: Some(Components {
            schemas: schemas
                .map(|(name, schema)| (name, ReferenceOr::Item(schema)))
                .collect(),
            ..Components::default()
        }),
        ..OpenAPI::default()
    }
}

fn narrow_operation(operation: &Operation<'_>) -> openapiv3::Operation {
    let text = |name| operation.node.value[name].as_str().map(str::to_owned);
    openapiv3::Operation {
        operation_id: text("operationId"),
        summary: text("summary"),
        parameters: operation
            .parameters
            .iter()
            .map(|it| ReferenceOr::Item(parameter(it)))
            .collect(),
        ..openapiv3::Operation::default()
    }
}

fn parameter(parameter: &Parameter<'_>) -> openapiv3::Parameter {
    let parameter_data = ParameterData {
        name: parameter.name.to_owned(),
        description: parameter.description.map(str::to_owned),
        required: parameter.required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema(&parameter.ty)),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    };
    match parameter.place {
        "path" => openapiv3::Parameter::Path {
            parameter_data,
            style: PathStyle::default(),
        },
        "header" => openapiv3::Parameter::Header {
            parameter_data,
            style: HeaderStyle::default(),
        },
        _ => openapiv3::Parameter::Query {
            parameter_data,
            allow_reserved: false,
            style: QueryStyle::default(),
            allow_empty_value: None,
        },
    }
}

fn object(description: Option<&str>, members: &[Member<'_>]) -> Schema {
    let properties = members.iter().map(|member| {
        let mut narrowed = schema(&member.ty);
        if let (Type::List(..), ReferenceOr::Item(list)) = (&member.ty, &mut narrowed) {
            list.schema_data.nullable = !member.required; // .NET sends `null` for a list that is not there.
        }
        (member.json.clone(), boxed(narrowed))
    });
    let required = members.iter().filter(|member| member.required);
    Schema {
        schema_data: SchemaData {
            description: description.map(str::to_owned),
            ..SchemaData::default()
        },
        schema_kind: SchemaKind::Type(openapiv3::Type::Object(ObjectType {
            properties: properties.collect(),
            required: required.map(|member| member.json.clone()).collect(),
            ..ObjectType::default()
        })),
    }
}

fn schema(ty: &Type) -> ReferenceOr<Schema> {
    ReferenceOr::Item(plain(match ty {
        Type::DateTime => return reference(DATE_TIME),
        Type::Model(name) => return reference(name),
        Type::Plain("boolean", _) => openapiv3::Type::Boolean(BooleanType::default()),
        Type::Plain("integer", format) => openapiv3::Type::Integer(IntegerType {
            format: VariantOrUnknownOrEmpty::Item(match format {
                Some("int32") => IntegerFormat::Int32,
                _ => IntegerFormat::Int64,
            }),
            ..IntegerType::default()
        }),
        Type::Plain("number", format) => openapiv3::Type::Number(NumberType {
            format: VariantOrUnknownOrEmpty::Item(match format {
                Some("float") => NumberFormat::Float,
                _ => NumberFormat::Double,
            }),
            ..NumberType::default()
        }),
        Type::Plain(..) => return ReferenceOr::Item(string()),
        Type::List(item, _) => openapiv3::Type::Array(ArrayType {
            items: Some(boxed(schema(item))),
            min_items: None,
            max_items: None,
            unique_items: false,
        }),
    }))
}

fn string() -> Schema {
    plain(openapiv3::Type::String(StringType::default()))
}

fn plain(ty: openapiv3::Type) -> Schema {
    Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(ty),
    }
}

fn reference(name: &str) -> ReferenceOr<Schema> {
    ReferenceOr::ref_(&format!("#/components/schemas/{name}"))
}

fn boxed(schema: ReferenceOr<Schema>) -> ReferenceOr<Box<Schema>> {
    match schema {
        ReferenceOr::Item(schema) => ReferenceOr::boxed_item(schema),
        ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
    }
}

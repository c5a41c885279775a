//! The document that progenitor gets: types, paths and parameters as they are, and no bodies.
//!
//! progenitor knows one media type a body and JSON answers only. Its operations make the request, from path and
//! parameters; the library puts JSON or XML into it, sends it and reads the answer.
//!
//! It is made of openapiv3's own types: to read it from JSON would be a second of every first build.

use std::collections::BTreeMap;

use openapiv3::{
    AdditionalProperties, ArrayType, BooleanType, Components, HeaderStyle, Info, IntegerFormat, IntegerType,
    NumberFormat, NumberType, ObjectType, OpenAPI, ParameterData, ParameterSchemaOrContent, PathItem, PathStyle, Paths,
    QueryStyle, ReferenceOr, Schema, SchemaData, SchemaKind, StringType, VariantOrUnknownOrEmpty,
};
use vitec_connect_description::{Description, Member, Operation, Parameter, Place, Shape, Type};

const BYTES: &str = "Base64";
const DATE_TIME: &str = "DateTime";
const UUID: &str = "Guid";
/// Schemas that stand for types of the library's own.
pub(crate) const OWN: [(&str, &str); 3] = [
    (BYTES, "crate::datacontract::Base64"),
    (DATE_TIME, "crate::DateTime"),
    (UUID, "crate::datacontract::Uuid"),
];

pub(crate) fn narrow(description: &Description) -> OpenAPI {
    let mut paths: BTreeMap<&str, PathItem> = BTreeMap::new();
    for operation in &description.operations {
        let item = paths.entry(&operation.path).or_default();
        let place = match operation.method.as_str() {
            "GET" => &mut item.get,
            "PUT" => &mut item.put,
            "POST" => &mut item.post,
            "DELETE" => &mut item.delete,
            "OPTIONS" => &mut item.options,
            "HEAD" => &mut item.head,
            "PATCH" => &mut item.patch,
            _ => &mut item.trace,
        };
        *place = Some(narrow_operation(operation));
    }
    let models = description.schemas.iter().map(|(name, model)| {
        let schema = match &model.shape {
            Shape::Object { members, .. } => object(members),
            Shape::Enumeration { .. } | Shape::Id { .. } => string(),
        };
        (name.clone(), schema)
    });
    let schemas = OWN.iter().map(|(name, _)| ((*name).to_owned(), string())).chain(models);
    OpenAPI {
        openapi: "3.0.3".to_owned(),
        info: Info {
            title: description.title.clone(),
            version: description.version.clone(),
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

fn narrow_operation(operation: &Operation) -> openapiv3::Operation {
    openapiv3::Operation {
        operation_id: Some(operation.id.clone()),
        summary: operation.summary.clone(),
        parameters: operation
            .parameters
            .iter()
            .map(|it| ReferenceOr::Item(parameter(it)))
            .collect(),
        ..openapiv3::Operation::default()
    }
}

fn parameter(parameter: &Parameter) -> openapiv3::Parameter {
    let parameter_data = ParameterData {
        name: parameter.name.clone(),
        description: parameter.description.clone(),
        required: parameter.required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema(&parameter.ty)),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    };
    match parameter.place {
        Place::Path => openapiv3::Parameter::Path {
            parameter_data,
            style: PathStyle::default(),
        },
        Place::Header => openapiv3::Parameter::Header {
            parameter_data,
            style: HeaderStyle::default(),
        },
        Place::Query => openapiv3::Parameter::Query {
            parameter_data,
            allow_reserved: false,
            style: QueryStyle::default(),
            allow_empty_value: None,
        },
    }
}

fn object(members: &[Member]) -> Schema {
    let properties = members.iter().map(|member| {
        let mut narrowed = schema(&member.ty);
        if let (Type::List(_) | Type::Dictionary(_), ReferenceOr::Item(many)) = (&member.ty, &mut narrowed) {
            many.schema_data.nullable = !member.required; // .NET sends `null` for a list that is not there.
        }
        (member.json.clone(), boxed(narrowed))
    });
    let required = members.iter().filter(|member| member.required);
    plain(openapiv3::Type::Object(ObjectType {
        properties: properties.collect(),
        required: required.map(|member| member.json.clone()).collect(),
        // Without members it would be a dictionary.
        additional_properties: members.is_empty().then_some(AdditionalProperties::Any(false)),
        ..ObjectType::default()
    }))
}

fn schema(ty: &Type) -> ReferenceOr<Schema> {
    let integer = |format| {
        openapiv3::Type::Integer(IntegerType {
            format: VariantOrUnknownOrEmpty::Item(format),
            ..IntegerType::default()
        })
    };
    let number = |format| {
        openapiv3::Type::Number(NumberType {
            format: VariantOrUnknownOrEmpty::Item(format),
            ..NumberType::default()
        })
    };
    ReferenceOr::Item(plain(match ty {
        Type::DateTime => return reference(DATE_TIME),
        Type::Bytes => return reference(BYTES),
        Type::Uuid => return reference(UUID),
        Type::Schema(name) => return reference(name),
        Type::Text | Type::Binary => return ReferenceOr::Item(string()),
        Type::Boolean => openapiv3::Type::Boolean(BooleanType::default()),
        Type::Int16 => openapiv3::Type::Integer(IntegerType {
            format: VariantOrUnknownOrEmpty::Unknown("int16".to_owned()),
            ..IntegerType::default()
        }),
        Type::Int32 => integer(IntegerFormat::Int32),
        Type::Int64 => integer(IntegerFormat::Int64),
        Type::Float => number(NumberFormat::Float),
        Type::Double => number(NumberFormat::Double),
        Type::List(item) => openapiv3::Type::Array(ArrayType {
            items: Some(boxed(schema(&item.ty))),
            min_items: None,
            max_items: None,
            unique_items: false,
        }),
        Type::Dictionary(item) => openapiv3::Type::Object(ObjectType {
            additional_properties: Some(AdditionalProperties::Schema(Box::new(schema(&item.ty)))),
            ..ObjectType::default()
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

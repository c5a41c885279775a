//! The schemas of a description, as the .NET types that stand behind them.

use std::collections::HashMap;
use std::sync::Arc;

use vitec_connect::description::{self, Description, Shape};

use crate::schema::{Enumeration, Item, Member, Object, Schemas, Type, Typed, XmlName};

/// Reads schemas out of a description, each once.
pub(crate) struct Reader<'a> {
    description: &'a Description,
    schemas: Schemas,
    known: HashMap<&'a str, usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(description: &'a Description) -> Self {
        Self {
            description,
            schemas: Schemas::default(),
            known: HashMap::new(),
        }
    }

    pub(crate) fn into_schemas(self) -> Schemas {
        self.schemas
    }

    pub(crate) fn content(&mut self, content: &'a description::Content) -> Typed {
        Typed {
            ty: self.ty(&content.ty),
            xml: xml_name(&content.xml),
        }
    }

    pub(crate) fn ty(&mut self, ty: &'a description::Type) -> Type {
        match ty {
            description::Type::Text => Type::Text,
            description::Type::DateTime => Type::Date,
            description::Type::Boolean => Type::Boolean,
            description::Type::Int16 => Type::Int16,
            description::Type::Int32 => Type::Int32,
            description::Type::Int64 => Type::Int64,
            description::Type::Float | description::Type::Double => Type::Double,
            description::Type::Uuid => Type::Uuid,
            description::Type::Bytes => Type::Bytes,
            description::Type::Binary => Type::Binary,
            description::Type::List(item) => Type::List(Arc::new(self.item(item))),
            description::Type::Dictionary(item) => Type::Dictionary(Arc::new(self.item(item))),
            description::Type::Schema(name) => self.schema(name),
        }
    }

    fn item(&mut self, item: &'a description::Item) -> Item {
        Item {
            ty: self.ty(&item.ty),
            xml: xml_name(&item.xml),
        }
    }

    fn schema(&mut self, name: &'a str) -> Type {
        let members = match self.description.schemas.get(name).map(|it| &it.shape) {
            Some(Shape::Object { members, .. }) => members,
            Some(Shape::Enumeration { names, .. }) => {
                let values = names.iter().map(|it| (it.name.clone(), it.number.map(i64::from)));
                return Type::Enumeration(Arc::new(Enumeration {
                    values: values.collect(),
                }));
            }
            // An id is a text. A description holds every schema that it names.
            Some(Shape::Id { .. }) | None => return Type::Text,
        };
        if let Some(index) = self.known.get(name) {
            return Type::Object(*index);
        }
        // Entered before its members are read: objects may contain themselves.
        let index = self.schemas.objects.len();
        self.schemas.objects.push(Object::default());
        self.known.insert(name, index);
        let members = members.iter().map(|member| Member {
            json: member.json.clone(),
            xml: xml_name(&member.xml),
            ty: self.ty(&member.ty),
            required: member.required,
        });
        let members = members.collect();
        if let Some(object) = self.schemas.objects.get_mut(index) {
            object.members = members;
        }
        Type::Object(index)
    }
}

fn xml_name(name: &description::XmlName) -> XmlName {
    XmlName {
        name: name.name.clone(),
        namespace: name.namespace.clone(),
    }
}

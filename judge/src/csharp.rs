//! A description as contracts in C#, as the vendor's server may have them.

use std::fmt::Write as _;

use vitec_connect_description::{Description, Item, Listed, Member, Shape, Type, XmlName};

const SCALARS: [&str; 10] = [
    "string",
    "boolean",
    "short",
    "int",
    "long",
    "float",
    "double",
    "dateTime",
    "guid",
    "base64Binary",
];
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

/// The class `Model.Contracts`: a type for each schema, under the schema's name, and for the body and the answer of each
/// operation, under `createLoanPromise.body` and `createLoanPromise.answer`.
pub fn csharp(description: &Description) -> String {
    let mut model = Model {
        description,
        declared: String::new(),
        lists: 0,
    };
    let mut types = String::new();
    for (name, schema) in &description.schemas {
        match &schema.shape {
            Shape::Object { xml, members } => model.class(name, xml, members),
            Shape::Enumeration { xml, names } => model.enumeration(name, xml, names),
            Shape::Id { .. } => continue,
        }
        let _ = writeln!(types, "        {{ {name:?}, typeof(T_{name}) }},");
    }
    for operation in &description.operations {
        let body = operation.body.as_ref().map(|it| ("body", &it.content.ty));
        let answer = operation.answer.content.as_ref().map(|it| ("answer", &it.ty));
        for (what, ty) in body.into_iter().chain(answer) {
            let ty = model.ty(ty, false);
            let _ = writeln!(types, "        {{ \"{}.{what}\", typeof({ty}) }},", operation.id);
        }
    }
    format!(
        "namespace Model {{\nusing System;\nusing System.Collections.Generic;\nusing System.Runtime.Serialization;\nusing Newtonsoft.Json;\n\n{}\
         public static class Contracts {{\n    public static readonly Dictionary<string, Type> Types = new Dictionary<string, Type> {{\n{types}    }};\n}}\n}}\n",
        model.declared
    )
}

/// What a name is called in C#.
pub(crate) fn identifier(name: &str) -> String {
    let mut identifier: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    if identifier.starts_with(|c: char| c.is_ascii_digit()) {
        identifier.insert(0, '_');
    }
    identifier
}

struct Model<'a> {
    description: &'a Description,
    declared: String,
    lists: usize,
}

impl Model<'_> {
    fn enumeration(&mut self, name: &str, xml: &XmlName, names: &[Listed]) {
        let contract = contract("DataContract", xml);
        let _ = writeln!(self.declared, "{contract}\npublic enum T_{name} {{");
        for (index, listed) in (1000..).zip(names) {
            let (value, number) = (&listed.name, listed.number.unwrap_or(index));
            let identifier = identifier(value);
            let _ = writeln!(
                self.declared,
                "    [EnumMember(Value = {value:?})] @{identifier} = {number},"
            );
        }
        self.declared.push_str("}\n\n");
    }

    /// Members of a base class stand first, and each class has its own in order: where the order begins anew, or the
    /// namespace is another, a class derives from the one before.
    fn class(&mut self, name: &str, xml: &XmlName, members: &[Member]) {
        let follows = |a: &Member, b: &Member| a.xml.namespace == b.xml.namespace && a.xml.name < b.xml.name;
        let mut runs: Vec<&[Member]> = members.chunk_by(follows).collect();
        if runs.last().is_none_or(|it| it[0].xml.namespace != xml.namespace) {
            runs.push(&[]);
        }
        let own = runs.len() - 1;
        for (index, run) in runs.into_iter().enumerate() {
            let (class, xml) = match index == own {
                true => (format!("T_{name}"), xml.clone()),
                false => {
                    let base = XmlName {
                        name: format!("Base{index}Of{name}"),
                        namespace: run[0].xml.namespace.clone(),
                    };
                    (format!("B{index}_{name}"), base)
                }
            };
            let base = match index {
                0 => String::new(),
                _ => format!(" : B{}_{name}", index - 1),
            };
            let properties: Vec<String> = run.iter().map(|member| self.property(member)).collect();
            let contract = contract("DataContract", &xml);
            let _ = writeln!(self.declared, "{contract}\npublic class {class}{base} {{");
            properties.iter().for_each(|it| self.declared.push_str(it));
            self.declared.push_str("}\n\n");
        }
    }

    fn property(&mut self, member: &Member) -> String {
        let ty = self.ty(&member.ty, true);
        let xml = &member.xml.name;
        let identifier = identifier(xml);
        // What Json.NET makes of it without being told.
        let json = match *member.json == camel_case(xml) {
            true => String::new(),
            false => format!("JsonProperty({:?}), ", member.json),
        };
        format!("    [{json}DataMember(Name = {xml:?})] public {ty} @{identifier} {{ get; set; }}\n")
    }

    fn ty(&mut self, ty: &Type, nullable: bool) -> String {
        let question_mark = if nullable { "?" } else { "" };
        let value = |name: &str| format!("{name}{question_mark}");
        match ty {
            Type::Text => "string".to_owned(),
            Type::DateTime => value("DateTime"),
            Type::Boolean => value("bool"),
            Type::Int16 => value("short"),
            Type::Int32 => value("int"),
            Type::Int64 => value("long"),
            Type::Float => value("float"),
            Type::Double => value("double"),
            Type::Uuid => value("Guid"),
            Type::Bytes | Type::Binary => "byte[]".to_owned(),
            Type::Schema(name) => match self.description.shape(ty) {
                Some(Shape::Object { .. }) => format!("T_{name}"),
                Some(Shape::Enumeration { .. }) => value(&format!("T_{name}")),
                Some(Shape::Id { .. }) | None => "string".to_owned(),
            },
            Type::List(item) => {
                let items = self.ty(&item.ty, false);
                match self.has_own_name(item) {
                    true => self.list(&items, &item.xml),
                    false => format!("List<{items}>"),
                }
            }
            Type::Dictionary(item) => format!("Dictionary<string, {}>", self.ty(&item.ty, false)),
        }
    }

    /// Whether the items of a list are called as the serializer would not call them by itself.
    fn has_own_name(&self, item: &Item) -> bool {
        match &item.ty {
            Type::Schema(_) => match self.description.shape(&item.ty) {
                Some(Shape::Object { xml, .. } | Shape::Enumeration { xml, .. }) => *xml != item.xml,
                Some(Shape::Id { .. }) | None => item.xml.name != "string" || item.xml.namespace != ARRAYS,
            },
            Type::List(_) | Type::Dictionary(_) => !item.xml.name.starts_with("ArrayOf"),
            _ => item.xml.namespace != ARRAYS || !SCALARS.contains(&item.xml.name.as_str()),
        }
    }

    fn list(&mut self, items: &str, item: &XmlName) -> String {
        self.lists += 1;
        let name = format!("L{}", self.lists);
        let (item_name, namespace) = (&item.name, &item.namespace);
        let _ = writeln!(
            self.declared,
            "[CollectionDataContract(ItemName = {item_name:?}, Namespace = {namespace:?})]\npublic class {name} : List<{items}> {{ }}\n"
        );
        name
    }
}

fn contract(attribute: &str, xml: &XmlName) -> String {
    format!("[{attribute}(Name = {:?}, Namespace = {:?})]", xml.name, xml.namespace)
}

/// As Json.NET's `CamelCasePropertyNamesContractResolver` makes it.
fn camel_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut camel = String::new();
    for (index, c) in chars.iter().enumerate() {
        let is_last_of_capitals = index > 0 && chars.get(index + 1).is_some_and(|next| !next.is_uppercase());
        if !c.is_uppercase() || is_last_of_capitals {
            camel.extend(&chars[index..]);
            break;
        }
        camel.extend(c.to_lowercase());
    }
    camel
}

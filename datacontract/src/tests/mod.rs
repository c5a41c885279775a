//! The example below is written as build.rs generates it.

mod forms;
mod properties;
mod reading;
mod writing;

use super::*;
use proptest::prelude::*;

const PERSON: &str = "http://ns/Person";
const OTHER: &str = "http://ns/Other";

#[derive(Debug, Default, Clone, PartialEq)]
struct Person {
    age: i32,
    co: Option<Other>,
    colors: Vec<Color>,
    name: Option<String>,
    parent: Option<Box<Person>>,
    rate: Option<f64>,
    sure: Option<bool>,
    tags: Option<Vec<String>>,
}

impl Person {
    const MEMBERS: &'static [Name<'static>] = &[
        Name::new(PERSON, "Age"),
        Name::new(PERSON, "Co"),
        Name::new(PERSON, "Colors"),
        Name::new(PERSON, "Name"),
        Name::new(PERSON, "Parent"),
        Name::new(PERSON, "Rate"),
        Name::new(PERSON, "Sure"),
        Name::new(PERSON, "Tags"),
    ];
    const TAGS_ITEM: Name<'static> = Name::new(ARRAYS, "string");
}

impl DataContract for Person {
    fn name() -> Cow<'static, str> {
        "Person".into()
    }
    const NAMESPACE: &'static str = PERSON;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.member(&Self::MEMBERS[0], &self.age)?;
        writer.member(&Self::MEMBERS[1], &self.co)?;
        writer.member(&Self::MEMBERS[2], &self.colors)?;
        writer.member(&Self::MEMBERS[3], &self.name)?;
        writer.member(&Self::MEMBERS[4], &self.parent)?;
        writer.member(&Self::MEMBERS[5], &self.rate)?;
        writer.member(&Self::MEMBERS[6], &self.sure)?;
        writer.list(&Self::MEMBERS[7], &Self::TAGS_ITEM, &self.tags)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut age = None;
        let mut co = None;
        let mut colors = None;
        let mut name = None;
        let mut parent = None;
        let mut rate = None;
        let mut sure = None;
        let mut tags = None;
        while let Some(index) = reader.next_member(Self::MEMBERS)? {
            match index {
                0 => reader.member(&mut age)?,
                1 => reader.member(&mut co)?,
                2 => reader.member(&mut colors)?,
                3 => reader.member(&mut name)?,
                4 => reader.member(&mut parent)?,
                5 => reader.member(&mut rate)?,
                6 => reader.member(&mut sure)?,
                7 => reader.list(&mut tags, &Self::TAGS_ITEM)?,
                _ => reader.unknown()?,
            }
        }
        Ok(Self {
            age: reader.finish(age, &Self::MEMBERS[0])?,
            co: reader.finish(co, &Self::MEMBERS[1])?,
            colors: reader.finish(colors, &Self::MEMBERS[2])?,
            name: reader.finish(name, &Self::MEMBERS[3])?,
            parent: reader.finish(parent, &Self::MEMBERS[4])?,
            rate: reader.finish(rate, &Self::MEMBERS[5])?,
            sure: reader.finish(sure, &Self::MEMBERS[6])?,
            tags: reader.finish(tags, &Self::MEMBERS[7])?,
        })
    }
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Other {
    age: Option<i64>,
    name: Option<String>,
    person: Option<Box<Person>>,
}

impl Other {
    const MEMBERS: &'static [Name<'static>] =
        &[Name::new(OTHER, "Age"), Name::new(OTHER, "Name"), Name::new(OTHER, "P")];
}

impl DataContract for Other {
    fn name() -> Cow<'static, str> {
        "Other".into()
    }
    const NAMESPACE: &'static str = OTHER;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.member(&Self::MEMBERS[0], &self.age)?;
        writer.member(&Self::MEMBERS[1], &self.name)?;
        writer.member(&Self::MEMBERS[2], &self.person)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut age = None;
        let mut name = None;
        let mut person = None;
        while let Some(index) = reader.next_member(Self::MEMBERS)? {
            match index {
                0 => reader.member(&mut age)?,
                1 => reader.member(&mut name)?,
                2 => reader.member(&mut person)?,
                _ => reader.unknown()?,
            }
        }
        Ok(Self {
            age: reader.finish(age, &Self::MEMBERS[0])?,
            name: reader.finish(name, &Self::MEMBERS[1])?,
            person: reader.finish(person, &Self::MEMBERS[2])?,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Color {
    Red,
    Unlisted(String),
}

impl DataContract for Color {
    fn name() -> Cow<'static, str> {
        "Color".into()
    }
    const NAMESPACE: &'static str = "http://ns/Color";
    const CONTENT_NAMESPACE: &'static str = "";
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.text(match self {
            Self::Red => "Red",
            Self::Unlisted(name) => name,
        })
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let text = reader.text()?;
        match &*text {
            "Red" => Ok(Self::Red),
            "" => Err(reader.error("the name of a Color is empty")),
            _ => Ok(Self::Unlisted(text.into_owned())),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Day(u8);
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}
impl std::str::FromStr for Day {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'))
            .ok_or(())?;
        number.parse().map(Self).map_err(|_| ())
    }
}
crate::plain_value! { Day => "day" }

fn write<T: DataContract>(value: &T) -> String {
    String::from_utf8(to_vec(value).unwrap()).unwrap()
}

fn read<T: DataContract>(xml: &str) -> Result<T, Error> {
    from_slice(xml.as_bytes())
}

fn person(content: &str) -> String {
    format!(
        r#"<Person xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://ns/Person">{content}</Person>"#
    )
}

/// What reading a person with this content says.
fn fault(content: &str) -> String {
    read::<Person>(&person(content)).unwrap_err().to_string()
}

fn named(name: &str) -> Person {
    Person {
        name: Some(name.to_owned()),
        ..Person::default()
    }
}

/// Text of the characters that XML allows, with many of those that need care.
fn allowed() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        prop::sample::select(vec![
            '&', '<', '>', '"', '\'', '\r', '\n', '\t', ' ', ']', ';', '#', '\u{FEFF}', 'å'
        ]),
        any::<char>().prop_filter("forbidden in XML", |&c| (c >= ' ' || "\t\n\r".contains(c))
            && !matches!(c, '\u{FFFE}' | '\u{FFFF}')),
    ];
    prop::collection::vec(character, 0..30).prop_map(String::from_iter)
}

//! What is written, byte for byte.

use super::*;

#[test]
fn writes_the_bytes_of_the_help_page() {
    assert_eq!(
        write(&"sample string 1".to_owned()),
        r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">sample string 1</string>"#
    );
}

#[test]
fn writes_roots_as_dotnet_does() {
    assert_eq!(write(&Color::Red), r#"<Color xmlns="http://ns/Color">Red</Color>"#);
    let i = r#"xmlns:i="http://www.w3.org/2001/XMLSchema-instance""#;
    assert_eq!(
        write(&vec![Some("a".to_owned()), None]),
        format!(
            r#"<ArrayOfstring {i} xmlns="{ARRAYS}"><string>a</string><string i:nil="true"></string></ArrayOfstring>"#
        )
    );
    assert_eq!(
        write(&vec![1]),
        format!(r#"<ArrayOfint {i} xmlns="{ARRAYS}"><int>1</int></ArrayOfint>"#)
    );
    assert_eq!(
        write(&vec![vec![Other {
            age: Some(1),
            ..Other::default()
        }]]),
        format!(
            r#"<ArrayOfArrayOfOther {i} xmlns="{OTHER}"><ArrayOfOther><Other><Age>1</Age></Other></ArrayOfOther></ArrayOfArrayOfOther>"#
        )
    );
    assert_eq!(
        write(&None::<String>),
        format!(r#"<string {i} i:nil="true" xmlns="{SERIALIZATION}"></string>"#)
    );
    assert_eq!(
        write(&Day(3)),
        format!(r#"<day xmlns="{SERIALIZATION}">&lt;3&gt;</day>"#)
    );
}

#[test]
fn declares_a_namespace_where_it_begins() {
    let value = Person {
        age: 3,
        co: Some(Other {
            age: None,
            name: Some("n".into()),
            person: Some(Box::new(named("x"))),
        }),
        colors: vec![Color::Red],
        tags: Some(vec!["t".into()]),
        rate: Some(1_500_000.5),
        sure: Some(true),
        ..Person::default()
    };
    let expected = person(concat!(
        "<Age>3</Age>",
        r#"<Co xmlns:a="http://ns/Other"><a:Name>n</a:Name><a:P><Age>0</Age>"#,
        r#"<Colors xmlns:b="http://ns/Color"></Colors><Name>x</Name></a:P></Co>"#,
        r#"<Colors xmlns:a="http://ns/Color"><a:Color>Red</a:Color></Colors>"#,
        "<Rate>1500000.5</Rate><Sure>true</Sure>",
        r#"<Tags xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"><a:string>t</a:string></Tags>"#,
    ));
    assert_eq!(write(&value), expected);
    assert_eq!(read::<Person>(&expected).unwrap(), value);
}

#[test]
fn a_contract_without_a_namespace_can_stand_in_one_that_has_one() {
    #[derive(Debug, PartialEq)]
    struct Bare(Option<Box<Holder>>);
    const CHILD: Name<'static> = Name::new("", "Child");
    impl DataContract for Bare {
        fn name() -> Cow<'static, str> {
            "Bare".into()
        }
        const NAMESPACE: &'static str = "";
        fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
            writer.member(&CHILD, &self.0)
        }
        fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
            let mut child = None;
            while let Some(index) = reader.next_member(&[CHILD])? {
                match index {
                    0 => reader.member(&mut child)?,
                    _ => reader.unknown()?,
                }
            }
            reader.finish(child, &CHILD).map(Self)
        }
    }
    #[derive(Debug, PartialEq)]
    struct Holder(Vec<Bare>);
    impl DataContract for Holder {
        fn name() -> Cow<'static, str> {
            "Holder".into()
        }
        const NAMESPACE: &'static str = OTHER;
        fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
            self.0.write_content(writer)
        }
        fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
            Vec::read_content(reader).map(Self)
        }
    }
    let value = Holder(vec![Bare(Some(Box::new(Holder(vec![Bare(None)]))))]);
    let xml = write(&value);
    assert!(
        xml.contains(r#"<Bare xmlns=""><Child xmlns:a="http://ns/Other"><Bare></Bare></Child></Bare>"#),
        "{xml}"
    );
    assert_eq!(read::<Holder>(&xml).unwrap(), value);
    assert_eq!(write(&Bare(None)), "<Bare></Bare>");
    assert_eq!(read::<Bare>("<Bare/>").unwrap(), Bare(None));
}

#[test]
fn escapes_as_the_serializer_does() {
    let text = "a&b<c>d\"e'f\tg\nh\ri  \u{a0}\u{85}\u{2028}]]> å \u{1F600} \u{FEFF}\u{FFFD} ";
    let expected = "a&amp;b&lt;c&gt;d\"e'f\tg\nh&#xD;i  \u{a0}\u{85}\u{2028}]]&gt; å \u{1F600} \u{FEFF}\u{FFFD} ";
    assert!(write(&text.to_owned()).contains(&format!(">{expected}<")));
}

#[test]
fn a_forbidden_character_is_named_with_its_place() {
    for c in ('\0'..' ').chain(['\u{FFFE}', '\u{FFFF}']) {
        let written = to_vec(&named(&format!("secret{c}")));
        if matches!(c, '\t' | '\n' | '\r') {
            assert!(written.is_ok());
        } else {
            assert_eq!(
                written.unwrap_err().to_string(),
                format!(
                    "Person/Name: U+{:04X} cannot be written: XML 1.0 forbids it",
                    u32::from(c)
                )
            );
        }
    }
    let list = vec!["a".to_owned(), "\u{1}".to_owned()];
    assert_eq!(
        to_vec(&list).unwrap_err().to_string(),
        "ArrayOfstring/string[2]: U+0001 cannot be written: XML 1.0 forbids it"
    );
}

#[test]
fn a_typical_document_fits_the_first_allocation() {
    let xml = to_vec(&named("sample string 1")).unwrap();
    assert_eq!(xml.capacity(), 1024);
}

#[test]
fn a_member_may_stand_in_another_namespace_than_its_siblings() {
    // As .NET does it for the members of a base class.
    #[derive(Debug, PartialEq)]
    struct Derived(i32, i32);
    const BASE: Name<'static> = Name::new(OTHER, "A");
    const OWN: Name<'static> = Name::new(PERSON, "A");
    impl DataContract for Derived {
        fn name() -> Cow<'static, str> {
            "Derived".into()
        }
        const NAMESPACE: &'static str = PERSON;
        fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
            writer.member(&BASE, &self.0)?;
            writer.member(&OWN, &self.1)
        }
        fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
            let (mut base, mut own) = (None, None);
            while let Some(index) = reader.next_member(&[BASE, OWN])? {
                match index {
                    0 => reader.member(&mut base)?,
                    1 => reader.member(&mut own)?,
                    _ => reader.unknown()?,
                }
            }
            Ok(Self(reader.finish(base, &BASE)?, reader.finish(own, &OWN)?))
        }
    }
    let xml = write(&Derived(1, 2));
    assert!(
        xml.ends_with(r#"><a:A xmlns:a="http://ns/Other">1</a:A><A>2</A></Derived>"#),
        "{xml}"
    );
    assert_eq!(read::<Derived>(&xml).unwrap(), Derived(1, 2));
}

//! The example below is written as build.rs generates it.

mod forms;

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
fn nesting_ends_at_64_both_ways() {
    let nested = |levels: usize| {
        (1..levels).fold(Person::default(), |inner, _| Person {
            parent: Some(Box::new(inner)),
            ..Person::default()
        })
    };
    // The innermost person holds one more element.
    let deepest = nested(63);
    assert_eq!(from_slice::<Person>(&to_vec(&deepest).unwrap()).unwrap(), deepest);
    assert!(
        to_vec(&nested(64))
            .unwrap_err()
            .to_string()
            .contains("nested deeper than 64")
    );

    let xml = person(&"<Parent>".repeat(1_000_000));
    assert!(
        read::<Person>(&xml)
            .unwrap_err()
            .to_string()
            .contains("nested deeper than 64")
    );
    let xml = person(&"<Odd>".repeat(1_000_000));
    assert!(
        from_answer::<Person>(xml.as_bytes(), false)
            .unwrap_err()
            .to_string()
            .contains("nested deeper than 64")
    );
}

#[test]
fn reads_any_order_any_prefix_and_all_that_xml_allows() {
    let xml = concat!(
        "\u{FEFF}<?xml version='1.0' encoding='UTF-8'?><!-- c --><?pi x?>\r\n",
        "<p:Person xmlns:p='http://ns/Person' xmlns:x='http://www.w3.org/2001/XMLSchema-instance' extra='/>' xml:lang='sv'>\n",
        "  <p:Name>a<![CDATA[<b>\r\n]]><!-- c -->&amp;&#65;&#x41;&#x1;&#xD;\r\n\r </p:Name>\n",
        "  <Age xmlns='http://ns/Person'>\n +7 </Age><p:Rate> INF\n</p:Rate><p:Sure>1</p:Sure>",
        "  <p:Co x:nil=' 1 '/><p:Parent x:nil='false'><p:Age>1</p:Age></p:Parent>",
        "</p:Person ><!-- c -->\n",
    );
    let value = read::<Person>(xml).unwrap();
    assert_eq!(value.name.unwrap(), "a<b>\n&AA\u{1}\r\n\n ");
    assert_eq!(
        (value.age, value.rate, value.sure, value.co),
        (7, Some(f64::INFINITY), Some(true), None)
    );
    assert_eq!(value.parent.unwrap().age, 1);
    assert_eq!(
        read::<Person>(&person("<Name/><Age>1</Age>")).unwrap().name.unwrap(),
        ""
    );
    assert_eq!(
        read::<Person>(&person("<Tags i:nil='true'/><Age>1</Age>"))
            .unwrap()
            .tags,
        None
    );
    assert_eq!(
        read::<Person>(&person("<Tags/><Age>1</Age>")).unwrap().tags,
        Some(vec![])
    );
    assert_eq!(
        read::<Person>(&person("<Colors i:nil='true'/><Age>1</Age>"))
            .unwrap()
            .colors,
        vec![]
    );
    assert_eq!(
        read::<Option<String>>(&format!(
            "<string i:nil='true' xmlns:i='{XSI}' xmlns='{SERIALIZATION}'/>"
        ))
        .unwrap(),
        None
    );
    assert_eq!(
        read::<Day>(&format!("<day xmlns='{SERIALIZATION}'> &lt;3&gt; </day>")).unwrap(),
        Day(3)
    );
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

#[test]
fn whitespace_between_members_may_be_written_in_any_way() {
    let xml = person("&#32;<![CDATA[ ]]><!-- c --><Age>1</Age>&#x20;<Name>&#32;</Name><?pi?>");
    let value = read::<Person>(&xml).unwrap();
    assert_eq!((value.age, value.name.as_deref()), (1, Some(" ")));
}

#[test]
fn faults_in_the_content_say_what_and_where() {
    assert_eq!(
        fault("<Age>1</Age>\n<Bank>x</Bank>"),
        "Person: unknown element \"Bank\" in namespace \"http://ns/Person\" (line 2, byte 98)"
    );
    assert_eq!(
        fault("<Age>x</Age>"),
        "Person/Age: the text is not a valid int (line 1, byte 85)"
    );
    assert_eq!(
        fault(
            "<Tags xmlns:a='http://schemas.microsoft.com/2003/10/Serialization/Arrays'><a:string/><a:string><b/></a:string></Tags>"
        ),
        "Person/Tags/string[2]: an element where only text may stand (line 1, byte 180)"
    );
    for (content, expected) in [
        ("<age>1</age>", "unknown element \"age\""),
        ("<Age xmlns=''>1</Age>", "unknown element \"Age\" in namespace \"\""),
        ("<Age>1</Age><Age>1</Age>", "Person/Age: given twice"),
        ("", "Age is missing"),
        ("<Age i:nil='true'/>", "Person/Age: i:nil on a value that is required"),
        ("<Name i:nil='true'>x</Name>", "text in an element with i:nil"),
        ("<Name i:nil='yes'/>", "i:nil is neither true nor false"),
        ("x<Age>1</Age>", "text where only elements may stand"),
        ("<Age>1</Age><![CDATA[x]]>", "text where only elements may stand"),
        ("<Name>&nbsp;</Name>", "a reference that XML does not define"),
        ("<Name>&#xD800;</Name>", "a reference that XML does not define"),
        ("<Name>&#x110000;</Name>", "a reference that XML does not define"),
        ("<Name>&#x+41;</Name>", "a reference that XML does not define"),
        ("<Name>&#;</Name>", "a reference that XML does not define"),
        ("<Name>a & b</Name>", "a & that begins no reference"),
        ("<Name>]]></Name>", "]]> in text"),
        ("<Name>\u{1}</Name>", "U+0001: XML 1.0 forbids it"),
        ("<Name>\u{FFFF}</Name>", "U+FFFF: XML 1.0 forbids it"),
        ("<Name>\u{FFFD}\u{FFFE}</Name>", "U+FFFE: XML 1.0 forbids it"),
        ("<Name><![CDATA[\u{1}]]></Name>", "U+0001: XML 1.0 forbids it"),
        ("<!--\u{1}-->", "U+0001: XML 1.0 forbids it"),
        ("<?x \u{FFFF}?>", "U+FFFF: XML 1.0 forbids it"),
        ("<Name a='\u{1F}'/>", "U+001F: XML 1.0 forbids it"),
        ("<Name \u{1}='a'/>", "a name that XML forbids"),
        ("<a\u{FFFF}/>", "a name that XML forbids"),
        ("<Name>a</Name\u{1}>", "an end tag that does not match"),
        ("<Name>a</Name", "an end tag that does not match"),
        ("<Name a='/>", "attribute value not closed"),
        ("<Name></Age>", "an end tag that does not match"),
        ("<Name a='1' a='2'/>", "a malformed or repeated attribute"),
        ("<Name a/>", "a malformed or repeated attribute"),
        ("<Name a='<'/>", "< in an attribute"),
        ("<Name a='&foo;'/>", "a reference in an attribute"),
        ("<Name q:a='1'/>", "a prefix that is not declared"),
        ("<q:Name/>", "a prefix that is not declared"),
        ("<Name xmlns:q=''/>", "a prefix that cannot be declared so"),
        ("<1a/>", "a name that XML forbids"),
        ("< Age/>", "a name that XML forbids"),
        ("<a:b:c/>", "a name that XML forbids"),
        ("<!-- a -- b -->", "-- in a comment"),
        (
            "<?xml version='1.0'?>",
            "an XML declaration that is not at the beginning",
        ),
        ("<!DOCTYPE a>", "a DOCTYPE"),
        (
            "<Colors xmlns:a='http://ns/Color'><a:Color/></Colors>",
            "Person/Colors/Color[1]: the name of a Color",
        ),
        ("<Rate>1e999</Rate>", "not a valid double"),
        ("<Rate>infinity</Rate>", "not a valid double"),
        ("<Rate>nan</Rate>", "not a valid double"),
        ("<Rate/>", "not a valid double"),
        ("<Sure>True</Sure>", "not a valid boolean"),
    ] {
        let text = fault(content);
        assert!(text.contains(expected), "{content}: {text}");
        assert!(
            !read::<Person>(&person(content)).unwrap_err().is_other_document(),
            "{content}"
        );
    }
}

#[test]
fn names_in_messages_are_bounded() {
    assert!(fault(&format!("<{}/>", "a".repeat(100_000))).len() < 400);
    assert!(fault(&format!("<a></{}>", "a".repeat(100_000))).len() < 400);
    assert!(fault(&format!("<a xmlns='{}'/>", "a".repeat(100_000))).len() < 400);
}

#[test]
fn an_answer_may_have_grown() {
    let xml = person("<New><Deep a='1'>x</Deep><![CDATA[x]]></New><Age>1</Age><New/>");
    assert_eq!(from_answer::<Person>(xml.as_bytes(), false).unwrap().age, 1);
    assert!(read::<Person>(&xml).is_err());
}

#[test]
fn another_document_is_told_from_a_damaged_one() {
    let answer = |xml: &str| {
        let error = from_answer::<String>(xml.as_bytes(), false).unwrap_err();
        (error.is_other_document(), error.to_string())
    };
    let good = format!("<string xmlns='{SERIALIZATION}'>x</string>");
    for other in [
        "<html><body>".to_owned(),
        "<string>x</string>".to_owned(),
        "<string xmlns='http://other'>x</string>".to_owned(),
        format!("<String xmlns='{SERIALIZATION}'>x</String>"),
        "hello".to_owned(),
        "{\"a\":1}".to_owned(),
        "&amp;".to_owned(),
        format!("{good}{good}"),
        format!("{good}x"),
        format!("{good}&#32;"),
        format!("{good}<"),
        format!("{good}</a>"),
        format!("{good}<!DOCTYPE a>"),
    ] {
        assert!(answer(&other).0, "{other}: {}", answer(&other).1);
    }
    for damaged in [
        String::new(),
        " ".to_owned(),
        "<!-- -->".to_owned(),
        good[..60].to_owned(),
        good.replace("</string>", ""),
        good.replace("</string>", "</str>"),
        good.replace('x', "<b/>").replace("<b/>mlns", "xmlns"),
        format!("<!DOCTYPE a>{good}"),
        format!("<?xml version='1.0' encoding='iso-8859-1'?>{good}"),
        format!("<?xml version='1.1'?>{good}"),
        format!(" <?xml version='1.0'?>{good}"),
    ] {
        assert!(!answer(&damaged).0, "{damaged}: {}", answer(&damaged).1);
    }
    assert!(
        !from_slice::<String>(b"<string>\xFF</string>")
            .unwrap_err()
            .is_other_document()
    );
    let transcoded = format!("<?xml version='1.0' encoding='utf-16'?>{good}");
    assert_eq!(from_answer::<String>(transcoded.as_bytes(), true).unwrap(), "x");
}

#[test]
fn documents_made_to_be_slow_are_not() {
    let attributes = |count| (0..count).map(|n| format!(" a{n}='1'")).collect::<String>();
    assert!(read::<Person>(&person(&format!("<Age{}>1</Age>", attributes(20_000)))).is_ok());
    for count in [7, 8, 9, 20_000] {
        let repeated = format!("<Age{} a0='1'>1</Age>", attributes(count));
        assert!(
            fault(&repeated).contains("a malformed or repeated attribute"),
            "{count}"
        );
    }
    let namespaces: String = (0..20_000).map(|n| format!(" xmlns:a{n}='u'")).collect();
    assert!(fault(&format!("<Age{namespaces}>1</Age>")).contains("more than 256 namespaces"));
    let siblings = "<Age xmlns:q='u' q:a=''>1</Age>".repeat(20_000);
    assert!(fault(&siblings).contains("given twice"));
    let items = "<a:string>&#65;</a:string>".repeat(20_000);
    let list = person(&format!("<Tags xmlns:a='{ARRAYS}'>{items}</Tags><Age>1</Age>"));
    assert_eq!(read::<Person>(&list).unwrap().tags.unwrap().len(), 20_000);
    let references = person(&format!("<Name>{}</Name><Age>1</Age>", "&#65;<!-- -->".repeat(20_000)));
    assert_eq!(read::<Person>(&references).unwrap().name.unwrap().len(), 20_000);
}

#[test]
fn numbers_survive() {
    fn survives<T: DataContract + PartialEq + fmt::Debug>(value: T) {
        assert_eq!(from_slice::<T>(&to_vec(&value).unwrap()).unwrap(), value);
    }
    survives(i8::MIN);
    survives(i16::MIN);
    survives(i32::MIN);
    survives(i64::MIN);
    survives(u8::MAX);
    survives(u16::MAX);
    survives(u32::MAX);
    survives(u64::MAX);
    survives(f32::MAX);
    survives(f64::MAX);
    survives(f64::from_bits(1));
    survives(f64::NEG_INFINITY);
    survives(false);
    survives(vec![Some(true), None]);
    assert!(from_slice::<f64>(&to_vec(&f64::NAN).unwrap()).unwrap().is_nan());
    assert!(write(&f64::INFINITY).contains(">INF<"));
    assert!(write(&f64::NAN).contains(">NaN<"));
    assert!(write(&1e21).contains(">1000000000000000000000<"));
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

fn people() -> impl Strategy<Value = Person> {
    let leaf = (
        any::<i32>(),
        prop::option::of(allowed()),
        prop::option::of(prop::collection::vec(allowed(), 0..4)),
    );
    let leaf = (
        leaf,
        prop::option::of(any::<f64>()),
        prop::option::of(any::<bool>()),
        allowed(),
    );
    let leaf = leaf.prop_map(|((age, name, tags), rate, sure, color)| Person {
        age,
        name,
        tags,
        sure,
        rate: rate.filter(|rate| !rate.is_nan()),
        colors: if color.is_empty() {
            vec![Color::Red]
        } else {
            vec![Color::Red, Color::Unlisted(color)]
        },
        ..Person::default()
    });
    leaf.prop_recursive(4, 8, 2, |inner| {
        (inner.clone(), inner.clone(), inner, any::<bool>()).prop_map(|(mut outer, parent, person, both)| {
            outer.parent = both.then(|| Box::new(parent));
            outer.co = Some(Other {
                age: Some(1),
                name: None,
                person: Some(Box::new(person)),
            });
            outer
        })
    })
}

const FORBIDDEN: &str = "\0\x01\x02\x03\x04\x05\x06\x07\x08\x0B\x0C\x0E\x0F\x10\x1A\x1F\u{FFFE}\u{FFFF}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives(text in allowed()) {
        prop_assert_eq!(from_slice::<String>(&to_vec(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn any_value_survives(value in people()) {
        prop_assert_eq!(from_slice::<Person>(&to_vec(&value).unwrap()).unwrap(), value);
    }

    #[test]
    fn a_forbidden_character_anywhere_is_an_error(
        before in allowed(),
        after in allowed(),
        c in prop::sample::select(FORBIDDEN.chars().collect::<Vec<_>>()),
    ) {
        let text = format!("{before}{c}{after}");
        prop_assert!(to_vec(&text).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_slice::<Person>(&bytes);
        let _ = from_answer::<String>(&bytes, true);
    }

    #[test]
    fn arbitrary_markup_never_panics(pieces in prop::collection::vec(prop::sample::select(vec![
        "<", ">", "/", "&", ";", "#x", "41", "<Person xmlns='http://ns/Person'>", "</Person>", "<Age>", "</Age>", "<Name/>",
        "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "xml ", "version='1.0'", "xmlns:a=''", "='", "'", " ", "\u{FEFF}", "å",
        "<!DOCTYPE", "a:", ":",
    ]), 0..30)) {
        let xml = pieces.concat();
        let _ = from_slice::<Person>(xml.as_bytes());
        let _ = from_answer::<Person>(person(&xml).as_bytes(), false);
    }

    #[test]
    fn mutations_never_panic(value in people(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut xml = to_vec(&value).unwrap();
        let at = at.index(xml.len());
        xml[at] = byte;
        if cut {
            xml.truncate(at);
        }
        let strict = from_slice::<Person>(&xml).is_ok();
        let lenient = from_answer::<Person>(&xml, false).is_ok();
        prop_assert!(lenient || !strict);
    }
}

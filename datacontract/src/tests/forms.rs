//! Dictionaries, nullable values and the other forms that a contract may hold. Each name was observed on Mono 6.8 and
//! .NET 8.0.4.

use super::*;
use std::collections::BTreeMap;

const I: &str = r#"xmlns:i="http://www.w3.org/2001/XMLSchema-instance""#;

/// A contract of that name in a namespace whose digest was observed.
struct InNa;

impl DataContract for InNa {
    fn name() -> Cow<'static, str> {
        "Person".into()
    }
    const NAMESPACE: &'static str = "http://schemas.datacontract.org/2004/07/N.A";
    fn write_content(&self, _: &mut Writer) -> Result<(), Error> {
        Ok(())
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        while reader.next_member(&[])?.is_some() {
            reader.skip()?;
        }
        Ok(Self)
    }
}

/// An enumeration there.
struct ColorInNa;

impl DataContract for ColorInNa {
    fn name() -> Cow<'static, str> {
        "Color".into()
    }
    const NAMESPACE: &'static str = InNa::NAMESPACE;
    const CONTENT_NAMESPACE: &'static str = "";
    const IS_VALUE_TYPE: bool = true;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.text("Red")
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.text().map(|_| Self)
    }
}

type Dictionary<T> = BTreeMap<String, T>;

fn entry<T: DataContract>(value: T) -> Dictionary<T> {
    BTreeMap::from([("k".to_owned(), value)])
}

#[test]
fn dictionaries_are_named_as_dotnet_names_them() {
    fn is_named<T: DataContract>(expected: &str) {
        assert_eq!(Dictionary::<T>::name(), format!("ArrayOfKeyValueOfstring{expected}"));
    }
    is_named::<String>("string");
    is_named::<Option<String>>("string");
    is_named::<bool>("boolean");
    is_named::<i16>("short");
    is_named::<i32>("int");
    is_named::<i64>("long");
    is_named::<f32>("float");
    is_named::<f64>("double");
    is_named::<DateTime>("dateTime");
    is_named::<Base64>("base64Binary");
    is_named::<Uuid>("guid");
    is_named::<Option<i32>>("NullableOfintU6ho3Bhd");
    is_named::<InNa>("PersonuXm_PPMpk");
    is_named::<Option<Box<InNa>>>("PersonuXm_PPMpk");
    is_named::<ColorInNa>("ColoruXm_PPMpk");
    is_named::<Option<ColorInNa>>("NullableOfColorE8VXq2HdU6ho3Bhd");
    is_named::<Vec<String>>("ArrayOfstringty7Ep6D1");
    is_named::<Vec<InNa>>("ArrayOfPersonuXm_PPMpk");
    is_named::<Vec<Option<i32>>>("ArrayOfNullableOfintU6ho3Bhd");
    is_named::<Vec<Option<ColorInNa>>>("ArrayOfNullableOfColorE8VXq2HdU6ho3Bhd");
    is_named::<Dictionary<String>>("ArrayOfKeyValueOfstringstringty7Ep6D1");
    is_named::<Dictionary<InNa>>("ArrayOfKeyValueOfstringPersonuXm_PPMpkty7Ep6D1");
    is_named::<Dictionary<Option<i32>>>("ArrayOfKeyValueOfstringNullableOfintU6ho3Bhdty7Ep6D1");
    assert_eq!(
        Vec::<Dictionary<Option<i32>>>::name(),
        "ArrayOfArrayOfKeyValueOfstringNullableOfintU6ho3Bhd"
    );
}

#[test]
fn a_dictionary_is_written_as_dotnet_writes_it() {
    let xml = format!(
        "<ArrayOfKeyValueOfstringstring {I} xmlns=\"{ARRAYS}\"><KeyValueOfstringstring><Key>k</Key><Value>v</Value>\
         </KeyValueOfstringstring></ArrayOfKeyValueOfstringstring>"
    );
    assert_eq!(write(&entry("v".to_owned())), xml);
    assert_eq!(read::<Dictionary<String>>(&xml).unwrap(), entry("v".to_owned()));

    let xml = write(&entry(None::<String>));
    assert!(xml.contains(r#"<Key>k</Key><Value i:nil="true"></Value>"#), "{xml}");
    assert_eq!(read::<Dictionary<Option<String>>>(&xml).unwrap(), entry(None));

    let xml = write(&entry(Other {
        age: Some(1),
        ..Other::default()
    }));
    assert!(
        xml.contains(r#"<Value xmlns:a="http://ns/Other"><a:Age>1</a:Age></Value>"#),
        "{xml}"
    );

    let nested = BTreeMap::from([
        ("a".to_owned(), vec![entry(1), entry(2)]),
        ("å&".to_owned(), vec![]),
        (String::new(), vec![BTreeMap::new()]),
    ]);
    assert_eq!(
        read::<Dictionary<Vec<Dictionary<i32>>>>(&write(&nested)).unwrap(),
        nested
    );
}

#[test]
fn faults_in_a_dictionary_say_what_and_where() {
    let fault = |content: &str| {
        let xml = format!("<ArrayOfKeyValueOfstringint {I} xmlns='{ARRAYS}'>{content}</ArrayOfKeyValueOfstringint>");
        read::<Dictionary<i32>>(&xml).unwrap_err().to_string()
    };
    let good = "<KeyValueOfstringint><Key>k</Key><Value>1</Value></KeyValueOfstringint>";
    for (content, expected) in [
        (
            format!("{good}{good}"),
            "KeyValueOfstringint[2]: a key that was given before",
        ),
        (good.replace("<Key>k</Key>", ""), "[1]: Key is missing"),
        (good.replace("<Value>1</Value>", ""), "[1]: Value is missing"),
        (good.replace('1', "x"), "[1]/Value: the text is not a valid int"),
        (
            good.replace("<Key>k", "<Key i:nil='true'>"),
            "[1]/Key: i:nil on a value that is required",
        ),
        (
            "<KeyValueOfstringint i:nil='true'/>".to_owned(),
            "[1]: i:nil on a value that is required",
        ),
        (
            good.replace("KeyValueOfstringint", "KeyValueOfstringlong"),
            "unknown element \"KeyValueOfstringlong\"",
        ),
        (
            good.replace("</Value>", "</Value><New/>"),
            "[1]: unknown element \"New\"",
        ),
    ] {
        let text = fault(&content);
        assert!(text.contains(expected), "{content}: {text}");
    }
    let error = to_vec(&entry("\u{1}".to_owned())).unwrap_err().to_string();
    assert!(
        error.starts_with("ArrayOfKeyValueOfstringstring/KeyValueOfstringstring[1]/Value: U+0001"),
        "{error}"
    );
}

#[test]
fn a_list_of_nullable_values_has_a_namespace_of_its_own() {
    let xml = format!(
        "<ArrayOfNullableOfint {I} xmlns=\"{SYSTEM}\"><int>1</int><int i:nil=\"true\"></int></ArrayOfNullableOfint>"
    );
    let list = vec![Some(1), None];
    assert_eq!(write(&list), xml);
    assert_eq!(read::<Vec<Option<i32>>>(&xml).unwrap(), list);
    // A string is null without that.
    assert!(write(&vec![None::<String>]).contains(&format!("xmlns=\"{ARRAYS}\"")));
}

#[test]
fn a_null_inside_a_contract_without_a_namespace_declares_its_prefix() {
    // `[DataContract(Namespace = "")]`, as many a Web API has it.
    struct Bare(Vec<Option<String>>);
    const TAGS: Name<'static> = Name::new("", "Tags");
    impl DataContract for Bare {
        fn name() -> Cow<'static, str> {
            "Bare".into()
        }
        const NAMESPACE: &'static str = "";
        fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
            writer.member(&TAGS, &self.0)
        }
        fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
            let mut tags = None;
            while reader.next_member(&[TAGS])?.is_some() {
                reader.member(&mut tags)?;
            }
            reader.finish(tags, &TAGS).map(Self)
        }
    }
    let xml = write(&Bare(vec![None]));
    assert_eq!(
        xml,
        format!(r#"<Bare><Tags xmlns:a="{ARRAYS}"><a:string {I} i:nil="true"></a:string></Tags></Bare>"#)
    );
    assert_eq!(read::<Bare>(&xml).unwrap().0, vec![None]);
}

#[test]
fn an_object_without_members_reads_over_whatever_it_holds() {
    let xml = format!("<Person xmlns='{}'><a><b>x</b></a><c/></Person>", InNa::NAMESPACE);
    assert!(read::<InNa>(&xml).is_ok());
}

#[test]
fn a_reference_is_refused_and_not_read_as_null() {
    let z = format!("xmlns:z='{SERIALIZATION}'");
    for reference in [
        format!("<Name {z} z:Ref='2' i:nil='true'/>"),
        format!("<Name i:nil='true' {z} z:Ref='2'/>"),
        format!("<Name i:nil='false' {z} z:Ref='2'/>"),
        format!("<Name z:Ref='2' {z}/>"),
        format!("<Tags {z} z:Ref='2' i:nil='true'/>"),
        format!("<Tags xmlns:a='{ARRAYS}'><a:string {z} z:Ref='2' i:nil='true'/></Tags>"),
    ] {
        let xml = person(&format!("<Age>1</Age>{reference}"));
        for error in [
            read::<Person>(&xml).unwrap_err(),
            from_answer::<Person>(xml.as_bytes(), false).unwrap_err(),
        ] {
            assert!(
                error.to_string().contains(": z:Ref, a reference"),
                "{reference}: {error}"
            );
        }
    }
    let root = format!("<string {I} {z} z:Ref='1' i:nil='true' xmlns='{SERIALIZATION}'/>");
    assert!(read::<Option<String>>(&root).unwrap_err().to_string().contains("z:Ref"));

    // The number that a reference would name says nothing of the value.
    let numbered = person(&format!("<Age {z} z:Id='1'>1</Age><Name {z} z:Id='2' i:nil='true'/>"));
    let value = read::<Person>(&numbered).unwrap();
    assert_eq!((value.age, value.name), (1, None));
    // Neither does an attribute of that name in another namespace, or a reference in what is passed over.
    assert!(read::<Person>(&person("<Age Ref='1' xmlns:y='u' y:Ref='1'>1</Age>")).is_ok());
    let grown = person(&format!("<New {z} z:Ref='1' i:nil='true'/><Age>1</Age>"));
    assert!(from_answer::<Person>(grown.as_bytes(), false).is_ok());
}

#[test]
fn prefixes_that_xml_reserves_are_not_declared() {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
    for declaration in [
        "xmlns:xmlns='u'".to_owned(),
        format!("xmlns:xmlns='{XMLNS}'"),
        format!("xmlns:a='{XMLNS}'"),
        format!("xmlns='{XMLNS}'"),
        format!("xmlns:a='{XML}'"),
        format!("xmlns='{XML}'"),
        "xmlns:xml='u'".to_owned(),
        "xmlns:xml=''".to_owned(),
    ] {
        let text = fault(&format!("<Age {declaration}>1</Age>"));
        assert!(
            text.contains("a prefix that cannot be declared so"),
            "{declaration}: {text}"
        );
    }
    assert!(read::<Person>(&person(&format!("<Age xmlns:xml='{XML}' xml:lang='sv'>1</Age>"))).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_dictionary_survives(dictionary in prop::collection::btree_map(
        allowed(),
        prop::option::of(prop::collection::btree_map(allowed(), prop::option::of(any::<i64>()), 0..4)),
        0..4,
    )) {
        prop_assert_eq!(from_slice::<Dictionary<Option<Dictionary<Option<i64>>>>>(&to_vec(&dictionary).unwrap()).unwrap(), dictionary);
    }

    #[test]
    fn any_bytes_survive(bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50).prop_map(Base64), 0..4)) {
        prop_assert_eq!(&from_slice::<Vec<Base64>>(&to_vec(&bytes).unwrap()).unwrap(), &bytes);
        prop_assert_eq!(serde_json::from_str::<Vec<Base64>>(&serde_json::to_string(&bytes).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn any_guid_survives(bits in any::<u128>()) {
        let guid = Uuid::from_u128(bits);
        prop_assert_eq!(from_slice::<Uuid>(&to_vec(&guid).unwrap()).unwrap(), guid);
    }

    #[test]
    fn any_text_for_a_guid_or_bytes_reads_or_is_refused(text in "[0-9a-fA-F{}()-]{0,40}|[A-Za-z0-9+/= ]{0,12}") {
        let _ = read::<Uuid>(&format!("<guid xmlns='{SERIALIZATION}'>{text}</guid>"));
        let _ = text.parse::<Base64>();
    }
}

//! What is read, what is refused, and what the error says.

use super::*;

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

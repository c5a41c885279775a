use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn secrets(password: &str) -> Secrets {
    let basic = STANDARD.encode(format!("partner:{password}"));
    Secrets::of(&HeaderValue::from_str(&format!("Basic {basic}")).expect("a header"))
}

fn redact(password: &str, text: impl AsRef<[u8]>) -> Option<String> {
    let redacted = secrets(password).redact(text.as_ref(), false)?;
    Some(String::from_utf8(redacted).expect("UTF-8"))
}

/// As JSON writers do that keep to ASCII.
fn json_in_ascii(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut all, unit| {
        let _ = write!(all, "\\u{unit:04X}");
        all
    })
}

fn xml_in_numbers(text: &str) -> String {
    let (decimal, hex) = (|c| format!("&#{c};"), |c| format!("&#x{c:X};"));
    let number = |(index, c)| if index % 2 == 0 { decimal(c) } else { hex(c) };
    text.chars().map(u32::from).enumerate().map(number).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "%{byte:02x}");
        all
    })
}

#[test]
fn each_form_of_the_password_is_found() {
    let password = r#"h&mligt "\/+<å€😀"#;
    for form in [
        password.to_owned(),
        r#"h&mligt \"\\\/+<å€😀"#.to_owned(),
        r"h\u0026mligt \u0022\u005C\u002f\u002B\u003C\u00e5\u20ac\ud83d\ude00".to_owned(),
        "h&amp;mligt &quot;\\/+&lt;å€😀".to_owned(),
        "h&#38;mligt &#x22;\\/+&#060;&#229;&#x20AC;&#128512;".to_owned(),
        "h%26mligt+%22%5C%2F%2B%3C%C3%A5%E2%82%AC%F0%9F%98%80".to_owned(),
        "h%26mligt%20%22%5c%2f%2b%3c%c3%a5%e2%82%ac%f0%9f%98%80".to_owned(),
    ] {
        let text = format!("was {form}, is another");
        assert_eq!(
            redact(password, text).as_deref(),
            Some("was [redacted], is another"),
            "{form}"
        );
    }
}

#[test]
fn the_basic_value_is_found_in_whatever_form() {
    // Its base64 has `+`, `/` and padding.
    let password = "~~~~~~>>>>?????";
    let basic = STANDARD.encode(format!("partner:{password}"));
    assert!(basic.contains('+') || basic.contains('/'), "{basic}");
    for form in [
        basic.clone(),
        basic.replace('/', r"\/").replace('+', r"\u002B"),
        percent_encoded(&basic),
        xml_in_numbers(&basic),
    ] {
        let redacted = redact(password, format!("[Basic {form}]")).expect("it is found");
        assert!(redacted.starts_with("[Basic [redacted]"), "{redacted}");
        assert!(redacted.len() < "[Basic [redacted]%3d%3d]".len() + 1, "{redacted}");
    }
    // Also where the password alone would be left: it is no word.
    assert_eq!(
        redact(password, format!("<a header='{basic}'/>")).map(|it| it.contains("[redacted]")),
        Some(true)
    );
}

#[test]
fn what_is_not_there_is_left_as_it_is() {
    for text in [
        "",
        "\"sandbox-1\"",
        "hemligt-Tr0ub4do",
        "%",
        "\\",
        "&",
        "&#",
        "\\u",
        "%6",
        "h%65mligt-",
    ] {
        assert_eq!(redact("hemligt-Tr0ub4dor", text), None, "{text}");
    }
    // Short ones stand in ordinary words too.
    assert_eq!(redact("invalid", r#"{"message":"The request is invalid."}"#), None);
    assert_eq!(redact("", "partner:"), None);
    let no_basic = Secrets::of(&HeaderValue::from_static("Bearer"));
    assert_eq!(no_basic.redact(b"Bearer", false), None);
}

#[test]
fn a_word_of_the_protocol_stays_one() {
    let xml = r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">Serialization</string>"#;
    let redacted = r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">[redacted]</string>"#;
    assert_eq!(redact("Serialization", xml).as_deref(), Some(redacted));
    let xml = "<Error><ModelState><a b='ModelState'>ModelState</a></ModelState></Error>";
    let redacted = "<Error><ModelState><a b='[redacted]'>[redacted]</a></ModelState></Error>";
    assert_eq!(redact("ModelState", xml).as_deref(), Some(redacted));
    let json = r#"{"id":123456789,"was":"123456789","\"123456789":[-123456789]}"#;
    let redacted = r#"{"id":123456789,"was":"[redacted]9","\"[redacted]9":[-123456789]}"#;
    assert_eq!(redact("12345678", json).as_deref(), Some(redacted));
    // What is neither has no syntax to keep.
    assert_eq!(redact("12345678", "no 12345678").as_deref(), Some("no [redacted]"));
}

#[test]
fn a_secret_that_was_cut_off_is_redacted_as_far_as_it_came() {
    let secrets = secrets("hemligt å-Tr0ub4dor");
    let cut = |text: &[u8]| {
        secrets
            .redact(text, true)
            .map(|it| String::from_utf8_lossy(&it).into_owned())
    };
    for text in [
        "\"was heml",
        "\"was hemligt",
        "\"was hemligt å-Tr0ub4do",
        "\"was hemligt+%C3%A",
    ] {
        assert_eq!(cut(text.as_bytes()).as_deref(), Some("\"was [redacted]"), "{text}");
    }
    assert_eq!(cut(b"\"was hemligt \xC3").as_deref(), Some("\"was [redacted]"));
    assert_eq!(cut(b"\"was hem"), None);
    assert_eq!(cut(b"\"was hemligt, no"), None);
    assert_eq!(
        secrets.redact(b"was hemligt", false),
        None,
        "it is whole, and says something else"
    );
}

#[test]
fn utf_16_stays_utf_16() {
    for password in [
        "hemligt-Tr0ub4dor",
        "ຆhemligt-€",
        "€hemligt-å",
        "hemligt-😀",
        "𐊠-hemligt",
        // More zeros as second bytes of characters than as first ones.
        "ஞ\u{11300}🌀𑿿a𑨀ᾀ🌀",
    ] {
        let (text, redacted) = (format!("\u{feff}å{password}|"), "\u{feff}å[redacted]|");
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let encoded = |text: &str| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
            assert_eq!(
                secrets(password).redact(&encoded(&text), false),
                Some(encoded(redacted)),
                "{password}"
            );
        }
    }
}

#[test]
fn headers_are_redacted_too() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-echo",
        HeaderValue::from_static("user=partner&password=hemligt-Tr0ub4dor&x=1"),
    );
    headers.insert("x-other", HeaderValue::from_static("fine"));
    secrets("hemligt-Tr0ub4dor").redact_headers(&mut headers);
    assert_eq!(headers["x-echo"], "user=partner&password=[redacted]&x=1");
    assert_eq!(headers["x-other"], "fine");
}

proptest! {
    #[test]
    fn whatever_the_password(
        password in r#"([a-z "\\/'&<>%+0-9-]|\PC){8,20}"#,
        before in r#"[a-z "\\/'&<>%+å]{0,12}"#,
        after in "[ .,;!]{0,4}",
    ) {
        // A password may begin as it ends, and be found somewhat earlier.
        let text = format!("{before}|{password}|{after}");
        let gone = |text: &str| !text.contains(&password);
        let found = |bytes: &[u8]| secrets(&password).redact(bytes, false);

        for json in [serde_json::to_string(&text).expect("JSON"), format!("\"{}\"", json_in_ascii(&text))] {
            let redacted: String = serde_json::from_slice(&found(json.as_bytes()).expect("found")).expect("still JSON");
            prop_assert!(gone(&redacted), "{redacted}");
        }
        for xml in [quick_xml::escape::escape(&text).into_owned(), xml_in_numbers(&text)] {
            let redacted = found(format!("<string>{xml}</string>").as_bytes()).expect("found");
            let redacted = String::from_utf8(redacted).expect("UTF-8");
            let content = redacted.strip_prefix("<string>").and_then(|it| it.strip_suffix("</string>")).expect("still XML");
            let content = quick_xml::escape::unescape(content).expect("still XML");
            prop_assert!(gone(&content), "{content}");
        }
        let url = String::from_utf8(found(percent_encoded(&text).as_bytes()).expect("found")).expect("ASCII");
        prop_assert!(!url.contains(&percent_encoded(&password)), "{url}");

        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let encoded: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            let redacted = found(&encoded).expect("found");
            prop_assert_eq!(redacted.len() % 2, 0);
            let units = redacted.chunks_exact(2).map(|pair| {
                let unit = u16::from_le_bytes([pair[0], pair[1]]);
                if bytes(1) == [1, 0] { unit } else { unit.swap_bytes() }
            });
            let decoded: String = char::decode_utf16(units).map(|it| it.unwrap_or('\u{fffd}')).collect();
            prop_assert!(gone(&decoded), "{decoded}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut: bool) {
        let _ = secrets("hemligt-å%\\Tr0ub4dor").redact(&bytes, cut);
    }
}

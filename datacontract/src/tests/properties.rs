//! Whatever is written reads back, and nothing that is read panics.

use super::*;

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

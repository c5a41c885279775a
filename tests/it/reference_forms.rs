//! Every form that a contract may hold, before the real DataContractSerializer on Mono and .NET 8: it understands what we
//! write as it was meant, and what it writes reads back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::{collection, option};
use serde_json::{Value, json};
use vitec_connect::datacontract::enumeration::{Enumeration, Listed, Open, Unlisted};
use vitec_connect::datacontract::{
    self, Base64, DataContract, DateTime, Error, Name, Reader, Uuid, Writer, from_slice, to_vec,
};

use vitec_connect::description::Description;
use vitec_connect_judge::Judge;

use crate::arbitrary;

const PARTIES: &str = "http://schemas.datacontract.org/2004/07/Shop.Parties";
const ORDERS: &str = "http://schemas.datacontract.org/2004/07/Shop.Orders";

/// A contract as generation writes it: members in the order given, each in the namespace given.
macro_rules! contract {
    ($name:ident in $own:expr; $($field:ident: $type:ty = $namespace:expr, $xml:literal;)*) => {
        #[derive(Clone, Debug, Default, PartialEq)]
        struct $name { $($field: $type),* }

        impl DataContract for $name {
            const NAMESPACE: &'static str = $own;
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
                $(writer.member(&const { Name::new($namespace, $xml) }, &self.$field)?;)*
                Ok(())
            }
            fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
                const MEMBERS: &[Name<'static>] = &[$(Name::new($namespace, $xml)),*];
                $(let mut $field = None;)*
                while let Some(found) = reader.next_member(MEMBERS)? {
                    let mut member = 0..;
                    $(if member.next() == Some(found) {
                        reader.member(&mut $field)?;
                        continue;
                    })*
                    reader.unknown()?;
                }
                let mut names = MEMBERS.iter();
                Ok(Self { $($field: reader.finish($field, names.next().unwrap())?),* })
            }
        }
    };
}

type By<T> = Option<BTreeMap<String, T>>;
type List<T> = Option<Vec<T>>;

contract! { Customer in PARTIES;
    age: Option<i32> = PARTIES, "Age";
    name: Option<String> = PARTIES, "Name";
}

contract! { Order in ORDERS;
    // The base class's members stand first, in its own namespace.
    name: Option<String> = PARTIES, "Name";
    zone: Option<Color> = PARTIES, "Zone";
    bool: Option<bool> = ORDERS, "Bool";
    bools: List<bool> = ORDERS, "Bools";
    bytes: Option<Base64> = ORDERS, "Bytes";
    bytes_by: By<Base64> = ORDERS, "BytesBy";
    bytes_list: List<Base64> = ORDERS, "BytesList";
    color_by: By<Color> = ORDERS, "ColorBy";
    colors: List<Color> = ORDERS, "Colors";
    customer: Option<Box<Customer>> = ORDERS, "Customer";
    customer_by: By<Customer> = ORDERS, "CustomerBy";
    customers: List<Option<Customer>> = ORDERS, "Customers";
    date: Option<DateTime> = ORDERS, "Date";
    date_by: By<DateTime> = ORDERS, "DateBy";
    dates: List<DateTime> = ORDERS, "Dates";
    double: Option<f64> = ORDERS, "Double";
    doubles: List<f64> = ORDERS, "Doubles";
    float: Option<f32> = ORDERS, "Float";
    floats: List<f32> = ORDERS, "Floats";
    guid: Option<Uuid> = ORDERS, "Guid";
    guids: List<Uuid> = ORDERS, "Guids";
    int: Option<i32> = ORDERS, "Int";
    int_by: By<i32> = ORDERS, "IntBy";
    ints: List<i32> = ORDERS, "Ints";
    list_by: By<Vec<String>> = ORDERS, "ListBy";
    lists: List<Vec<String>> = ORDERS, "Lists";
    long: Option<i64> = ORDERS, "Long";
    longs: List<i64> = ORDERS, "Longs";
    maps: List<BTreeMap<String, String>> = ORDERS, "Maps";
    maps_by: By<BTreeMap<String, Option<Customer>>> = ORDERS, "MapsBy";
    nothing: Option<Nothing> = ORDERS, "Nothing";
    nullable_by: By<Option<i32>> = ORDERS, "NullableBy";
    nullables: List<Option<i32>> = ORDERS, "Nullables";
    short: Option<i16> = ORDERS, "Short";
    shorts: List<i16> = ORDERS, "Shorts";
    text: Option<String> = ORDERS, "Text";
    text_by: By<Option<String>> = ORDERS, "TextBy";
    texts: List<Option<String>> = ORDERS, "Texts";
}

contract! { Bare in "";
    customer: Option<Customer> = "", "Customer";
    tags: List<Option<String>> = "", "Tags";
}

/// An object without members.
#[derive(Clone, Debug, PartialEq)]
struct Nothing;

impl DataContract for Nothing {
    const NAMESPACE: &'static str = PARTIES;
    fn name() -> Cow<'static, str> {
        "Nothing".into()
    }
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

#[derive(Clone, Debug, PartialEq)]
enum Color {
    Red,
    Green,
    Unlisted(String),
    UnlistedValue(i32),
}

impl Enumeration for Color {
    const NAME: &'static str = "Color";
    const NAMESPACE: &'static str = PARTIES;
    const LISTED: &'static [Listed<Self>] = &[
        Listed {
            value: Self::Red,
            name: "Red",
            number: Some(1),
        },
        Listed {
            value: Self::Green,
            name: "Green",
            number: Some(2),
        },
    ];
    fn open(value: Open) -> Self {
        match value {
            Open::Name(name) => Self::Unlisted(name),
            Open::Number(number) => Self::UnlistedValue(number),
        }
    }
    fn unlisted(&self) -> Option<Unlisted<'_>> {
        match self {
            Self::Unlisted(name) => Some(Unlisted::Name(name)),
            Self::UnlistedValue(number) => Some(Unlisted::Number(*number)),
            _ => None,
        }
    }
}
datacontract::open_enumeration!(Color);

fn customer(name: &str) -> Customer {
    Customer {
        age: Some(3),
        name: Some(name.to_owned()),
    }
}

fn by<T>(value: T) -> BTreeMap<String, T> {
    BTreeMap::from([("k".to_owned(), value)])
}

fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn guid() -> Uuid {
    Uuid::from_u128(0x3f25_04e0_4f89_11d3_9a0c_0305_e82c_3301)
}

/// An order with every member.
fn order() -> Order {
    let day = date("2027-01-31T00:00:00");
    Order {
        name: Some("base".to_owned()),
        zone: Some(Color::Green),
        bool: Some(true),
        bools: Some(vec![true, false]),
        bytes: Some(Base64(vec![0, 255, 16])),
        bytes_by: Some(by(Base64(vec![1]))),
        bytes_list: Some(vec![Base64(vec![]), Base64((0..=255).collect())]),
        color_by: Some(by(Color::Red)),
        colors: Some(vec![Color::Red, Color::Green]),
        customer: Some(Box::new(customer("Å & <b>"))),
        customer_by: Some(by(customer(" c "))),
        customers: Some(vec![Some(Customer::default()), None, Some(customer("x"))]),
        date: Some(date("2024-11-21T09:53:21.9146786Z")),
        date_by: Some(by(day)),
        dates: Some(vec![day, date("9999-12-31T23:59:59.9999999")]),
        double: Some(1_500_000.5),
        doubles: Some(vec![1e21, -0.25, f64::INFINITY, f64::NEG_INFINITY, 1e-7]),
        float: Some(1.5),
        floats: Some(vec![f32::MAX, f32::INFINITY, -0.1]),
        guid: Some(guid()),
        guids: Some(vec![Uuid::from_u128(0), Uuid::from_u128(u128::MAX)]),
        int: Some(i32::MIN),
        int_by: Some(by(7)),
        ints: Some(vec![i32::MAX, 0]),
        list_by: Some(by(vec!["x".to_owned(), String::new()])),
        lists: Some(vec![vec![], vec!["q".to_owned()]]),
        long: Some(3_000_000_000),
        longs: Some(vec![i64::MIN, i64::MAX]),
        maps: Some(vec![by("v".to_owned()), BTreeMap::new()]),
        maps_by: Some(by(by(Some(customer("deep"))))),
        nothing: Some(Nothing),
        nullable_by: Some(BTreeMap::from([("k".to_owned(), Some(1)), ("n".to_owned(), None)])),
        nullables: Some(vec![Some(1), None]),
        short: Some(i16::MIN),
        shorts: Some(vec![i16::MAX]),
        text: Some(String::new()),
        text_by: Some(BTreeMap::from([
            (String::new(), None),
            ("å & <".to_owned(), Some("\n]]>".to_owned())),
        ])),
        texts: Some(vec![None, Some(" ".to_owned())]),
    }
}

/// The root element's start tag.
fn start_tag(xml: &[u8]) -> String {
    let text = String::from_utf8(xml.to_vec()).unwrap();
    let tag = text.split('>').next().unwrap();
    tag.trim_end_matches(" /").to_owned()
}

/// We write it, the judge reads it; the judge writes what it has understood, we read that.
fn travels<T: DataContract + PartialEq + Debug>(judge: &mut Judge, name: &str, value: &T) -> Value {
    let ours = to_vec(value).unwrap();
    let shown = String::from_utf8_lossy(&ours);
    let understood = judge
        .read_xml(name, &ours)
        .unwrap_or_else(|error| panic!("{name}: {error}: {shown}"));
    let theirs = judge.write_xml(name, &understood).unwrap();
    let read = from_slice::<T>(&theirs);
    let theirs_shown = String::from_utf8_lossy(&theirs);
    assert_eq!(
        &read.unwrap_or_else(|error| panic!("{name}: {error}: {theirs_shown}")),
        value,
        "{name}: {shown}, and theirs {theirs_shown}"
    );
    assert_eq!(start_tag(&ours), start_tag(&theirs), "{name}");
    understood
}

#[test]
fn every_form_as_a_member() {
    for mut judge in Judge::for_xml(&Description::default()).unwrap() {
        let understood = travels(&mut judge, "Order", &order());
        for (member, value) in understood.as_object().unwrap() {
            assert!(!value.is_null(), "{member} was lost");
        }
        assert_eq!(understood["Name"], "base");
        assert_eq!(understood["Guid"], "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
        assert_eq!(understood["TextBy"], json!({"": null, "å & <": "\n]]>"}));
        assert_eq!(understood["Nullables"], json!([1, null]));
        assert_eq!(understood["MapsBy"]["k"]["k"]["Name"], "deep");

        let understood = travels(&mut judge, "Order", &Order::default());
        assert!(understood.as_object().unwrap().values().all(Value::is_null));
    }
}

#[test]
fn every_form_as_the_root() {
    for mut judge in Judge::for_xml(&Description::default()).unwrap() {
        let judge = &mut judge;
        assert_eq!(travels(judge, "boolean", &true), true);
        assert_eq!(travels(judge, "short", &-1_i16), -1);
        assert_eq!(travels(judge, "int", &1), 1);
        assert_eq!(travels(judge, "long", &i64::MAX), i64::MAX);
        assert_eq!(travels(judge, "float", &1.5_f32), 1.5);
        assert_eq!(travels(judge, "double", &f64::INFINITY), "INF");
        assert_eq!(travels(judge, "string", &" a ".to_owned()), " a ");
        assert_eq!(travels(judge, "guid", &guid()), guid().to_string());
        assert_eq!(travels(judge, "base64Binary", &Base64(vec![1, 2, 3])), "AQID");
        assert_eq!(travels(judge, "Color", &Color::Red), "Red");
        travels(judge, "dateTime", &date("2027-01-31T00:00:00"));

        assert_eq!(travels(judge, "list:boolean", &vec![true]), json!([true]));
        assert_eq!(travels(judge, "list:short", &vec![1_i16]), json!([1]));
        assert_eq!(travels(judge, "list:int", &vec![1, 2]), json!([1, 2]));
        assert_eq!(travels(judge, "list:long", &vec![1_i64]), json!([1]));
        assert_eq!(travels(judge, "list:float", &vec![0.5_f32]), json!([0.5]));
        assert_eq!(travels(judge, "list:double", &vec![0.5]), json!([0.5]));
        assert_eq!(
            travels(judge, "list:string", &vec![Some("a".to_owned()), None]),
            json!(["a", null])
        );
        assert_eq!(travels(judge, "list:guid", &vec![guid()]), json!([guid().to_string()]));
        assert_eq!(
            travels(judge, "list:base64Binary", &vec![Base64(vec![1])]),
            json!(["AQ=="])
        );
        assert_eq!(travels(judge, "list:Color", &vec![Color::Green]), json!(["Green"]));
        assert_eq!(
            travels(judge, "list:nullable:int", &vec![Some(1), None]),
            json!([1, null])
        );
        assert_eq!(
            travels(judge, "list:nullable:Color", &vec![None, Some(Color::Red)]),
            json!([null, "Red"])
        );
        assert_eq!(
            travels(judge, "list:list:int", &vec![vec![1], vec![]]),
            json!([[1], []])
        );
        assert_eq!(
            travels(judge, "list:list:nullable:int", &vec![vec![Some(1), None]]),
            json!([[1, null]])
        );
        assert_eq!(
            travels(judge, "list:Customer", &vec![Some(customer("n")), None]),
            json!([{"Age": 3, "Name": "n"}, null])
        );
        travels(judge, "list:dateTime", &vec![date("2027-01-31T00:00:00Z")]);

        assert_eq!(travels(judge, "map:string", &by("v".to_owned())), json!({"k": "v"}));
        assert_eq!(travels(judge, "map:boolean", &by(true)), json!({"k": true}));
        assert_eq!(travels(judge, "map:short", &by(1_i16)), json!({"k": 1}));
        assert_eq!(travels(judge, "map:long", &by(1_i64)), json!({"k": 1}));
        assert_eq!(travels(judge, "map:float", &by(0.5_f32)), json!({"k": 0.5}));
        assert_eq!(travels(judge, "map:double", &by(0.5)), json!({"k": 0.5}));
        assert_eq!(
            travels(judge, "map:guid", &by(guid())),
            json!({"k": guid().to_string()})
        );
        assert_eq!(
            travels(judge, "map:base64Binary", &by(Base64(vec![1]))),
            json!({"k": "AQ=="})
        );
        assert_eq!(travels(judge, "map:Color", &by(Color::Red)), json!({"k": "Red"}));
        assert_eq!(
            travels(judge, "map:nullable:Color", &by(Some(Color::Red))),
            json!({"k": "Red"})
        );
        assert_eq!(
            travels(judge, "map:Customer", &by(Some(customer("n"))))["k"]["Name"],
            "n"
        );
        assert_eq!(
            travels(judge, "map:list:nullable:int", &by(vec![Some(1), None])),
            json!({"k": [1, null]})
        );
        assert_eq!(
            travels(judge, "map:map:nullable:int", &by(by(None::<i32>))),
            json!({"k": {"k": null}})
        );
        assert_eq!(
            travels(judge, "list:map:Customer", &vec![by(customer("n"))])[0]["k"]["Age"],
            3
        );
        travels(judge, "map:dateTime", &by(date("2027-01-31T00:00:00")));

        let bare = Bare {
            customer: Some(customer("n")),
            tags: Some(vec![Some("a".to_owned())]),
        };
        let understood = judge.read_xml("Bare", &to_vec(&bare).unwrap()).unwrap();
        assert_eq!(understood, json!({"Customer": {"Age": 3, "Name": "n"}, "Tags": ["a"]}));
        let theirs = judge.write_xml("Bare", &understood).unwrap();
        assert_eq!(from_slice::<Bare>(&theirs).unwrap(), bare);
        let null_tag = Bare {
            tags: Some(vec![None]),
            ..Bare::default()
        };
        let understood = judge.read_xml("Bare", &to_vec(&null_tag).unwrap()).unwrap();
        assert_eq!(understood["Tags"], json!([null]));
        assert_eq!(
            from_slice::<Bare>(&judge.write_xml("Bare", &understood).unwrap()).unwrap(),
            null_tag
        );
    }
}

#[test]
fn generated_lists_and_dictionaries_travel() {
    // The judge's writer makes line feeds of carriage returns.
    let text = || arbitrary::text().prop_map(|text| text.replace('\r', ""));
    let texts = collection::btree_map(text(), collection::vec(option::of(text()), 0..4), 0..4);
    let numbers = collection::btree_map(
        text(),
        collection::btree_map(text(), option::of(any::<i64>()), 0..4),
        0..4,
    );
    let bytes = collection::vec(collection::vec(any::<u8>(), 0..40).prop_map(Base64), 0..4);
    for mut judge in Judge::for_xml(&Description::default()).unwrap() {
        for value in arbitrary::some(&texts, 100) {
            travels(&mut judge, "map:list:string", &value);
        }
        for value in arbitrary::some(&numbers, 100) {
            travels(&mut judge, "map:map:nullable:long", &value);
        }
        for value in arbitrary::some(&bytes, 50) {
            travels(&mut judge, "list:base64Binary", &value);
        }
    }
}

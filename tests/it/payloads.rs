//! The exact bytes that a loan promise is sent as, in JSON and in XML.

use std::fmt::Write as _;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use vitec_connect::{
    Client, Credentials, DateTime, ErrorKind, LoanPromise, LoanPromiseEstateType as EstateType,
    LoanPromiseFinancing as Financing, LoanPromiseStatus as Status, MediaType, OPENAPI_JSON, Request, datacontract,
};

use crate::snapshot::snapshot;

/// The XML sample as it stands on the vendor's help page.
const HELP_PAGE_XML: &str = include_str!("samples/help_page.xml");
/// The JSON sample as it stands on the vendor's help page.
const HELP_PAGE_JSON: &str = include_str!("samples/help_page.json");
/// The body of the help page's curl sample, unescaped.
const VENDORS_CURL: &str = include_str!("samples/vendors_curl.json");

/// A loan promise that has something to it. The cases of a group share a snapshot.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) promise: LoanPromise,
}

/// Every named case.
pub(crate) fn promises() -> Vec<Case> {
    let groups = [
        ("samples", samples()),
        ("members", members()),
        ("texts", texts()),
        ("forbidden_characters", forbidden_characters()),
        ("names", names()),
        ("numbers", numbers()),
        ("dates", dates()),
        ("chrono_dates", chrono_dates()),
    ];
    groups
        .into_iter()
        .flat_map(|(group, cases)| {
            cases
                .into_iter()
                .map(move |(name, promise)| Case { group, name, promise })
        })
        .collect()
}

type Cases = Vec<(String, LoanPromise)>;

fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn help_page() -> LoanPromise {
    LoanPromise::builder()
        .bank("sample string 1")
        .valid_until(date("2024-11-21T09:53:21.9146786+01:00"))
        .estate_type(EstateType::Apartment)
        .estate_id("sample string 2")
        .status(Status::AutomaticVerification)
        .financing(Financing::Unknown)
        .build()
}

fn samples() -> Cases {
    vec![
        ("help page".to_owned(), help_page()),
        ("vendor's curl".to_owned(), serde_json::from_str(VENDORS_CURL).unwrap()),
        ("nothing set".to_owned(), LoanPromise::default()),
    ]
}

fn members() -> Cases {
    let new = LoanPromise::builder;
    [
        ("bank", new().bank("SBAB").build()),
        ("estateId", new().estate_id("OBJ1").build()),
        ("estateType", new().estate_type(EstateType::House).build()),
        ("financing", new().financing(Financing::Other).build()),
        ("status", new().status(Status::VerifiedByBank).build()),
        ("validUntil", new().valid_until(date("2027-01-31")).build()),
    ]
    .map(|(name, promise)| (name.to_owned(), promise))
    .into()
}

fn texts() -> Cases {
    let of = |name: &str, text: &str| (name.to_owned(), LoanPromise::builder().bank(text).build());
    vec![
        of("empty", ""),
        of("ampersand", "a & b"),
        of("less than", "a < b"),
        of("greater than", "a > b"),
        of("quotation mark", r#"a "b" c"#),
        of("apostrophe", "a'b"),
        of("all five", r#"&<>"'"#),
        of("carriage return", "a\rb"),
        of("line feed", "a\nb"),
        of("carriage return and line feed", "a\r\nb"),
        of("line end at the end", "a\r\n"),
        of("tab", "a\tb"),
        of("leading spaces", "  a"),
        of("trailing spaces", "a  "),
        of("a space", " "),
        of("white space only", " \t\r\n "),
        of("end of CDATA", "a]]>b"),
        of("CDATA", "<![CDATA[a]]>"),
        of("comment", "<!-- a -->"),
        of("end tag", "</Bank><Bank>"),
        of("escaped already", "&amp;&#xD;&lt;"),
        of("backslash", r"C:\a\u0041"),
        of("slash", "a/b"),
        of("Swedish", "Sparbanken Åland, å ä ö Å Ä Ö é"),
        of("combining ring", "a\u{30A}"),
        of("emoji", "🏡 👩‍👩‍👧"),
        of("last character of all", "\u{10FFFF}"),
        of("next line", "a\u{85}b"),
        of("line separator", "a\u{2028}b\u{2029}c"),
        of("delete", "a\u{7F}b"),
        of("C1 control", "a\u{9F}b"),
        of("no-break space around", "\u{A0}a\u{A0}"),
        of("byte order mark", "\u{FEFF}a\u{FEFF}"),
        of("replacement character", "\u{FFFD}"),
        of("last before the surrogates", "\u{D7FF}\u{E000}"),
        of("number", "007"),
        of("null", "null"),
        of("date", "2027-01-31T00:00:00+01:00"),
    ]
}

fn forbidden_characters() -> Cases {
    [
        '\0', '\u{1}', '\u{8}', '\u{B}', '\u{C}', '\u{1F}', '\u{FFFE}', '\u{FFFF}',
    ]
    .into_iter()
    .map(|it| {
        let promise = LoanPromise::builder().estate_id(format!("a{it}b")).build();
        (format!("U+{:04X}", u32::from(it)), promise)
    })
    .collect()
}

fn names() -> Cases {
    let new = LoanPromise::builder;
    let estate_type = |it: EstateType| (format!("EstateType {it}"), new().estate_type(it).build());
    let financing = |it: Financing| (format!("Financing {it}"), new().financing(it).build());
    let status = |it: Status| (format!("Status {it}"), new().status(it).build());
    let mut cases = Cases::new();
    cases.extend(EstateType::listed().map(estate_type));
    cases.extend(Financing::listed().map(financing));
    cases.extend(Status::listed().map(status));
    // As text: unlisted, and listed in another case.
    for name in ["TerracedHouse", "Radhus & <gård>", "aPARTMENT"] {
        cases.push(estate_type(name.parse().unwrap()));
    }
    for name in ["Lånelöfte", "other"] {
        cases.push(financing(name.parse().unwrap()));
    }
    cases.push(status("Withdrawn".parse().unwrap()));
    cases
}

fn numbers() -> Cases {
    let new = LoanPromise::builder;
    let estate_type = |how: &str, it: EstateType| (format!("EstateType {how}"), new().estate_type(it).build());
    let financing = |how: &str, it: Financing| (format!("Financing {how}"), new().financing(it).build());
    let status = |how: &str, it: Status| (format!("Status {how}"), new().status(it).build());
    vec![
        estate_type("1, listed", EstateType::UnlistedValue(1)),
        estate_type("text 2, listed", "2".parse().unwrap()),
        estate_type("JSON 3, listed", serde_json::from_str("3").unwrap()),
        estate_type("JSON text 3, listed", serde_json::from_str("\"3\"").unwrap()),
        estate_type("0, unlisted", EstateType::UnlistedValue(0)),
        estate_type("text 4, unlisted", "4".parse().unwrap()),
        estate_type("text +5, unlisted", "+5".parse().unwrap()),
        estate_type("JSON 6, unlisted", serde_json::from_str("6").unwrap()),
        estate_type("smallest, unlisted", EstateType::UnlistedValue(i32::MIN)),
        estate_type("largest, unlisted", EstateType::UnlistedValue(i32::MAX)),
        financing("0, listed", Financing::UnlistedValue(0)),
        financing("text 0, listed", "0".parse().unwrap()),
        financing("-1, unlisted", Financing::UnlistedValue(-1)),
        status("7, listed", Status::UnlistedValue(7)),
        status("text 8, unlisted", "8".parse().unwrap()),
    ]
}

fn dates() -> Cases {
    [
        "2027-01-31",
        "2027-01-31Z",
        "2027-01-31+01:00",
        "2027-01-31T12:34",
        "2027-01-31T12:34Z",
        "2027-01-31T12:34:56",
        "2027-01-31T12:34:56Z",
        "2027-01-31T00:00:00+01:00",
        "2027-07-31T00:00:00+02:00",
        "2027-01-31T23:30:00Z",
        "2027-01-31T12:34:56+00:00",
        "2027-01-31T12:34:56-00:00",
        "2027-01-31T12:34:56-03:30",
        "2027-01-31T12:34:56+05:45",
        "2027-01-31T12:34:56+14:00",
        "2027-01-31T12:34:56-14:00",
        "2027-01-31T12:34:56.1",
        "2027-01-31T12:34:56.12",
        "2027-01-31T12:34:56.123",
        "2027-01-31T12:34:56.1234",
        "2027-01-31T12:34:56.12345",
        "2027-01-31T12:34:56.123456",
        "2027-01-31T12:34:56.1234567",
        "2027-01-31T12:34:56.1200000",
        "2027-01-31T12:34:56.0000001",
        "2027-01-31T12:34:56.0000000",
        "2027-01-31T12:34:56.10Z",
        "2027-01-31T12:34:56.0000010+01:00",
        "2028-02-29T23:59:59.9999999",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.9999999",
        "9999-12-31T23:59:59.9999999Z",
        "2015-01-01T12:00:00",
        "2024-11-21T09:53:21.9146786+01:00",
    ]
    .into_iter()
    .map(|text| (text.to_owned(), LoanPromise::builder().valid_until(date(text)).build()))
    .collect()
}

fn chrono_dates() -> Cases {
    let day = NaiveDate::from_ymd_opt(2027, 1, 31).unwrap();
    let time = day.and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap();
    let at = |seconds| {
        FixedOffset::east_opt(seconds)
            .unwrap()
            .from_local_datetime(&time)
            .unwrap()
    };
    let of = |name: &str, it: DateTime| (name.to_owned(), LoanPromise::builder().valid_until(it).build());
    vec![
        of("NaiveDate", day.into()),
        of("NaiveDateTime, nanoseconds are cut", time.into()),
        of("DateTime<Utc>", time.and_utc().into()),
        of("DateTime<FixedOffset>", at(3600).into()),
        of("DateTime<FixedOffset>, 14:00", at(14 * 3600).into()),
        of("DateTime<FixedOffset>, zero", at(0).into()),
    ]
}

/// What stands for a line end or a character that nobody sees, so that a snapshot shows every byte.
fn visible(payload: &[u8]) -> String {
    let text = std::str::from_utf8(payload).unwrap();
    assert!(!text.contains("{U+"), "the snapshot would be ambiguous");
    let mut shown = String::new();
    for it in text.chars() {
        let hidden = it.is_control()
            || matches!(
                it,
                '\u{A0}' | '\u{30A}' | '\u{200D}' | '\u{2028}' | '\u{2029}' | '\u{D7FF}'..='\u{F8FF}'
            )
            || matches!(it, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' | '\u{10FFFF}');
        match hidden {
            true => write!(shown, "{{U+{:04X}}}", u32::from(it)).unwrap(),
            false => shown.push(it),
        }
    }
    shown
}

/// A snapshot for each group: a line for what goes in, a line for the exact bytes that come out.
fn compare(format: &str, write: impl Fn(&LoanPromise) -> Result<Vec<u8>, String>) {
    let cases = promises();
    for group in cases.chunk_by(|a, b| a.group == b.group) {
        let mut text = String::new();
        for case in group {
            let payload = match write(&case.promise) {
                Ok(payload) => visible(&payload),
                Err(error) => format!("ERROR {error}"),
            };
            writeln!(text, "{}\n{payload}\n", case.name).unwrap();
        }
        snapshot(&format!("create_loan_promise__{}_{format}", group[0].group), &text);
    }
}

#[test]
fn json() {
    compare("json", |promise| {
        serde_json::to_vec(promise).map_err(|error| error.to_string())
    });
}

#[test]
fn xml() {
    compare("xml", |promise| {
        datacontract::to_vec(promise).map_err(|error| error.to_string())
    });
}

async fn request(media_type: MediaType, promise: &LoanPromise) -> Result<Request, vitec_connect::Error> {
    let client = Client::builder()
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .media_type(media_type)
        .user_agent("tests")
        .build()
        .unwrap();
    let (customer, contact) = ("M30011".parse().unwrap(), "Köpare 4711".parse().unwrap());
    client.create_loan_promise(&customer, &contact, promise).preview()
}

#[tokio::test]
async fn the_whole_request() {
    for (format, media_type) in [("json", MediaType::Json), ("xml", MediaType::Xml)] {
        let request = request(media_type, &help_page()).await.unwrap();
        snapshot(&format!("create_loan_promise__request_{format}"), &request.to_string());
    }
}

/// What the snapshots show is what leaves; and what cannot be written does not leave.
#[tokio::test]
async fn a_request_carries_these_bytes() {
    for case in promises() {
        let sent = request(MediaType::Json, &case.promise).await.unwrap();
        assert_eq!(sent.body, serde_json::to_vec(&case.promise).unwrap(), "{}", case.name);
        match (
            request(MediaType::Xml, &case.promise).await,
            datacontract::to_vec(&case.promise),
        ) {
            (Ok(sent), Ok(xml)) => assert_eq!(sent.body, xml, "{}", case.name),
            (Err(error), Err(_)) => assert_eq!(error.kind(), ErrorKind::InvalidBody, "{}", case.name),
            (sent, xml) => panic!("{}: {sent:?}, {xml:?}", case.name),
        }
    }
}

/// Line ends between elements, and the indentation.
fn without_white_space_between_elements(xml: &str) -> String {
    xml.trim().split('>').map(str::trim_start).collect::<Vec<_>>().join(">")
}

#[test]
fn the_help_pages_samples() {
    let xml = String::from_utf8(datacontract::to_vec(&help_page()).unwrap()).unwrap();
    let json = serde_json::to_value(help_page()).unwrap();
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let document = value(OPENAPI_JSON);
    let example = |name: &str| &document["components"]["examples"][name]["value"];

    assert_eq!(xml, without_white_space_between_elements(HELP_PAGE_XML));
    assert_eq!(
        xml,
        without_white_space_between_elements(example("LoanPromiseXml").as_str().unwrap())
    );
    assert_eq!(json, value(HELP_PAGE_JSON));
    assert_eq!(&json, example("LoanPromiseJson"));

    assert_eq!(
        datacontract::from_slice::<LoanPromise>(HELP_PAGE_XML.as_bytes()).unwrap(),
        help_page()
    );
    assert_eq!(
        serde_json::from_str::<LoanPromise>(HELP_PAGE_JSON).unwrap(),
        help_page()
    );
}

#[test]
fn the_vendors_curl_sample_survives() {
    let promise: LoanPromise = serde_json::from_str(VENDORS_CURL).unwrap();
    assert_eq!(promise.bank.as_deref(), Some("StringValue"));
    assert_eq!(promise.estate_type, Some(EstateType::UnlistedValue(0)));
    let value: serde_json::Value = serde_json::from_str(VENDORS_CURL).unwrap();
    assert_eq!(serde_json::to_value(&promise).unwrap(), value);
}

/// What is no value, from text; and what reaches the writers all the same, made by hand.
#[test]
fn refused_enumerations() {
    let mut text = String::new();
    for name in [
        "",
        " ",
        " House",
        "House ",
        "\tHouse",
        "House\u{A0}",
        "Apartment,Cottage",
        ",",
        "1.0",
        "-",
        "+",
        "-x",
        "3e0",
        "2147483648",
        "-2147483649",
        "1st",
    ] {
        let parsed = name.parse::<EstateType>().unwrap_err();
        let json = serde_json::from_value::<Status>(name.into()).unwrap_err();
        let promise = LoanPromise::builder()
            .financing(Financing::Unlisted(name.to_owned()))
            .build();
        let written_json = serde_json::to_string(&promise).unwrap_err();
        let written_xml = datacontract::to_vec(&promise).unwrap_err();
        writeln!(
            text,
            "{name:?}\nparse: {parsed}\nfrom JSON: {json}\nto JSON: {written_json}\nto XML: {written_xml}\n"
        )
        .unwrap();
    }
    for json in [
        "2147483648",
        "-2147483649",
        "18446744073709551616",
        "1.0",
        "true",
        "[]",
        "{}",
    ] {
        let error = serde_json::from_str::<EstateType>(json).unwrap_err();
        writeln!(text, "{json}\nfrom JSON: {error}\n").unwrap();
    }
    snapshot("create_loan_promise__refused_enumerations", &text);
}

#[test]
fn refused_date_texts() {
    let mut text = String::new();
    for input in [
        "",
        " ",
        "tomorrow",
        "2027",
        "2027-01",
        "2027-1-31",
        "31/01/2027",
        "20270131",
        "2027-02-29",
        "2027-13-01",
        "2027-00-10",
        "2027-01-00",
        "0000-01-01",
        "10000-01-01",
        "-2027-01-31",
        "+2027-01-31",
        "27-01-31",
        " 2027-01-31",
        "2027-01-31\n",
        "2027-01-31T",
        "2027-01-31T12",
        "2027-01-31 12:00:00",
        "2027-01-31t12:00:00",
        "2027-01-31T12:00:00z",
        "2027-01-31T24:00:00",
        "2027-01-31T25:00:00",
        "2027-01-31T12:60:00",
        "2027-01-31T12:00:60",
        "2027-01-31T12:00:00.",
        "2027-01-31T12:00:00,5",
        "2027-01-31T12:00:00.12345678",
        "2027-01-31T12:00:00.00000000",
        "2027-01-31T12:00:00+1:00",
        "2027-01-31T12:00:00+0100",
        "2027-01-31T12:00:00+01",
        "2027-01-31T12:00:00+14:01",
        "2027-01-31T12:00:00-14:01",
        "2027-01-31T12:00:00+15:00",
        "2027-01-31T12:00:00+01:60",
        "2027-01-31T12:00:00 +01:00",
        "2027-01-31T12:00:00ZZ",
        "2027-01-31T12:00:00−01:00",
        "２０２７-01-31",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2027-01-31T12:00:00 and a text that goes on and on and on",
    ] {
        writeln!(text, "{}", input.parse::<DateTime>().unwrap_err()).unwrap();
    }
    snapshot("create_loan_promise__refused_dates", &text);
}

#[test]
fn refused_chrono_dates() {
    let day = |year| DateTime::from(NaiveDate::from_ymd_opt(year, 1, 1).unwrap());
    let noon = NaiveDate::from_ymd_opt(2027, 1, 31)
        .unwrap()
        .and_hms_opt(12, 0, 0)
        .unwrap();
    let at = |seconds| {
        DateTime::from(
            FixedOffset::east_opt(seconds)
                .unwrap()
                .from_local_datetime(&noon)
                .unwrap(),
        )
    };
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31)
        .unwrap()
        .and_hms_nano_opt(23, 59, 59, 1_500_000_000)
        .unwrap();
    let mut text = String::new();
    for date in [
        day(10_000),
        day(0),
        day(-1),
        NaiveDateTime::MAX.into(),
        Utc.from_utc_datetime(&leap).into(),
        at(14 * 3600 + 60),
        at(-14 * 3600 - 60),
        at(3601),
    ] {
        let promise = LoanPromise::builder().valid_until(date).build();
        let json = serde_json::to_string(&promise).unwrap_err();
        let xml = datacontract::to_vec(&promise).unwrap_err();
        writeln!(text, "to JSON: {json}\nto XML: {xml}\n").unwrap();
    }
    snapshot("create_loan_promise__refused_chrono_dates", &text);
}

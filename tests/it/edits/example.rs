//! What the edited document's models and operations do. Without an argument: checks, then a household as XML on stdout.
//! With XML on stdin: the same household as JSON.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::io::Read as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use vitec_connect::datacontract::{Base64, DataContract, Uuid, from_slice, to_vec};
use vitec_connect::models::{
    Abc, Applicant, Everything, EverythingColor, Household, Nothing, Signer, Survey, SurveyMood, SurveyPlace,
};
use vitec_connect::{Client, Credentials, LoanPromise, LoanPromiseEstateType, LoanPromiseFinancing, MediaType};

type Checked = Result<(), Box<dyn Error>>;

const BUYER: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";
const HOUSEHOLD: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Household";
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Checked {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    if !input.is_empty() {
        println!("{}", serde_json::to_string(&from_slice::<Household>(&input)?)?);
        return Ok(());
    }
    loan_promise()?;
    survey()?;
    lists()?;
    everything()?;
    derived()?;
    operations().await?;
    println!("{}", String::from_utf8(to_vec(&household()?)?)?);
    Ok(())
}

/// Written exactly so, and read back from both.
fn both<T>(value: &T, xml: &str, json: &serde_json::Value) -> Checked
where
    T: Serialize + DeserializeOwned + DataContract + PartialEq + Debug,
{
    assert_eq!(String::from_utf8(to_vec(value)?)?, xml);
    assert_eq!(&from_slice::<T>(xml.as_bytes())?, value);
    assert_eq!(&serde_json::to_value(value)?, json);
    assert_eq!(&serde_json::from_value::<T>(json.clone())?, value);
    Ok(())
}

/// A member between two others, new names in an enumeration, another name in XML.
fn loan_promise() -> Checked {
    let plot: LoanPromiseEstateType = serde_json::from_value(json!(4))?;
    assert_eq!((plot.clone(), plot.number()), (LoanPromiseEstateType::Plot, Some(4)));
    assert_eq!(LoanPromiseEstateType::Ship.number(), None);
    let promise = LoanPromise::builder()
        .bank("SBAB")
        .broker("Mäklare & Co")
        .estate_id("7")
        .estate_type(plot)
        .financing(LoanPromiseFinancing::Bank)
        .build();
    both(
        &promise,
        &format!(
            r#"<LoanPromise xmlns:i="{XSI}" xmlns="{BUYER}"><Bank>SBAB</Bank><Broker>Mäklare &amp; Co</Broker><EstateId>7</EstateId><EstateType>Plot</EstateType><FormOfFinancing>Bank</FormOfFinancing></LoanPromise>"#
        ),
        &json!({"bank": "SBAB", "broker": "Mäklare & Co", "estateId": "7", "estateType": "Plot", "financing": "Bank"}),
    )
}

fn household() -> Result<Household, Box<dyn Error>> {
    let promise = LoanPromise::builder()
        .bank("SBAB")
        .estate_type(LoanPromiseEstateType::House)
        .valid_until("2027-01-31".parse::<vitec_connect::DateTime>()?)
        .build();
    let applicants = vec![
        Applicant::builder().name("n").age(3).build(),
        Applicant::builder().name("Å & <b>").build(),
    ];
    Ok(Household::builder()
        .adults(2)
        .applicants(applicants)
        .co_signer(Applicant::builder().name("c").build())
        .income(1_500_000.5)
        .notes(vec![" a ".to_owned(), String::new()])
        .numbers(vec![1, -2])
        .promise(promise)
        .since("2026-10-04T12:00:00Z".parse::<vitec_connect::DateTime>()?)
        .verified(true)
        .build())
}

/// Ordinal order (`Reader` before `index`), nesting in place and by reference, a schema in itself, each kind of list.
fn survey() -> Checked {
    let day = "2027-01-31".parse::<vitec_connect::DateTime>()?;
    let survey = Survey::builder()
        .index(1)
        .reader("r")
        .count(5_000_000_000_i64)
        .ratio(0.5_f32)
        .scores(vec![1.5, 2.0])
        .days(vec![day])
        .rounds(vec![vec![1], vec![]])
        .kinds(vec![vitec_connect::LoanPromiseStatus::CanNotVerify])
        .labels(vec!["l".to_owned()])
        .mood(SurveyMood::SoSo)
        .place(SurveyPlace::builder().build_("b").maybe_city("m").maybe_city_(Some("Umeå")).build())
        .owner(Applicant::builder().name("o").build())
        .parent(Survey::builder().index(0).build())
        .children(vec![Survey::builder().build()])
        .build();
    let xml = [
        &format!(r#"<Survey xmlns:i="{XSI}" xmlns="urn:survey">"#),
        "<Children><Survey></Survey></Children><Count>5000000000</Count>",
        &format!(r#"<Days xmlns:a="{ARRAYS}"><a:dateTime>2027-01-31T00:00:00</a:dateTime></Days>"#),
        &format!(r#"<Kinds xmlns:a="{BUYER}"><a:LoanPromiseStatus>CanNotVerify</a:LoanPromiseStatus></Kinds>"#),
        "<Labels><Label>l</Label></Labels><Mood>so-so</Mood>",
        &format!(r#"<Owner xmlns:a="{HOUSEHOLD}"><a:Name>o</a:Name></Owner>"#),
        "<Parent><index>0</index></Parent><Place><Build>b</Build><City>Umeå</City><MaybeCity>m</MaybeCity></Place><Ratio>0.5</Ratio><Reader>r</Reader>",
        &format!(r#"<Rounds xmlns:a="{ARRAYS}"><a:ArrayOfint><a:int>1</a:int></a:ArrayOfint><a:ArrayOfint></a:ArrayOfint></Rounds>"#),
        &format!(r#"<Scores xmlns:a="{ARRAYS}"><a:double>1.5</a:double><a:double>2</a:double></Scores>"#),
        "<index>1</index></Survey>",
    ]
    .concat();
    let json = json!({
        "index": 1, "reader": "r", "count": 5_000_000_000_i64, "ratio": 0.5, "scores": [1.5, 2.0],
        "days": ["2027-01-31T00:00:00"], "rounds": [[1], []], "kinds": ["CanNotVerify"], "labels": ["l"], "mood": "so-so",
        "place": {"build": "b", "city": "Umeå", "maybeCity": "m"}, "owner": {"name": "o"}, "parent": {"index": 0}, "children": [{}],
    });
    both(&survey, &xml, &json)
}

/// .NET sends `null` for a list that is not there; a required member has to be there.
fn lists() -> Checked {
    let none: Household = serde_json::from_value(json!({"notes": null, "applicants": null}))?;
    assert_eq!(none, Household::builder().build());
    let empty: Household = serde_json::from_value(json!({"notes": []}))?;
    assert_eq!(empty.notes, Some(Vec::new()));
    assert_eq!(from_slice::<Household>(&to_vec(&empty)?)?, empty);
    assert!(serde_json::from_value::<Applicant>(json!({"age": 3})).is_err());
    assert!(from_slice::<Applicant>(format!(r#"<Applicant xmlns="{HOUSEHOLD}"/>"#).as_bytes()).is_err());
    let people = vec![Applicant::builder().name("n").build()];
    both(
        &people,
        &format!(
            r#"<ArrayOfApplicant xmlns:i="{XSI}" xmlns="{HOUSEHOLD}"><Applicant><Name>n</Name></Applicant></ArrayOfApplicant>"#
        ),
        &json!([{"name": "n"}]),
    )
}

fn everything() -> Checked {
    let texts = BTreeMap::from([("k".to_owned(), "v & w".to_owned()), ("l".to_owned(), String::new())]);
    let everything = Everything::builder()
        .photo(Base64(vec![1, 2, 3]))
        .photos(vec![Base64(Vec::new())])
        .id("3F2504E0-4F89-11D3-9A0C-0305E82C3301".parse::<Uuid>()?)
        .floor(-3_i16)
        .texts(texts)
        .counts(BTreeMap::from([("one".to_owned(), 1)]))
        .nothing(Nothing::builder().build())
        .color(EverythingColor::Red)
        .level(2)
        .amounts(vec![1.5])
        .build();
    let id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let xml = [
        &format!(r#"<Everything xmlns:i="{XSI}" xmlns="urn:everything">"#),
        &format!(r#"<Amounts xmlns:a="{ARRAYS}"><a:decimal>1.5</a:decimal></Amounts><Color>Red</Color>"#),
        &format!(r#"<Counts xmlns:a="{ARRAYS}"><a:KeyValueOfstringint><a:Key>one</a:Key><a:Value>1</a:Value></a:KeyValueOfstringint></Counts>"#),
        &format!("<Floor>-3</Floor><Id>{id}</Id><Level>2</Level><Nothing></Nothing><Photo>AQID</Photo>"),
        &format!(r#"<Photos xmlns:a="{ARRAYS}"><a:base64Binary></a:base64Binary></Photos>"#),
        &format!(r#"<Texts xmlns:a="{ARRAYS}"><a:KeyValueOfstringstring><a:Key>k</a:Key><a:Value>v &amp; w</a:Value></a:KeyValueOfstringstring>"#),
        "<a:KeyValueOfstringstring><a:Key>l</a:Key><a:Value></a:Value></a:KeyValueOfstringstring></Texts></Everything>",
    ]
    .concat();
    let json = json!({
        "photo": "AQID", "photos": [""], "id": id, "floor": -3, "texts": {"k": "v & w", "l": ""}, "counts": {"one": 1},
        "nothing": {}, "color": "Red", "level": 2, "amounts": [1.5],
    });
    both(&everything, &xml, &json)?;

    // What only a later version knows, and what .NET sends for what is not there.
    let later: Everything = serde_json::from_value(json!({"nothing": {"new": 1}, "texts": null, "color": null}))?;
    assert_eq!(later, Everything::builder().nothing(Nothing::builder().build()).build());

    let schema = serde_json::to_value(schemars::schema_for!(Everything))?;
    let of = |member: &str, word: &str| schema["properties"][member][word].clone();
    assert_eq!((of("floor", "minimum"), of("floor", "maximum")), (json!(-5), json!(200)));
    assert_eq!((of("note", "maxLength"), of("level", "enum")), (json!(10), json!([1, 2])));
    Ok(())
}

fn derived() -> Checked {
    let signer = Signer::builder().address("a").name("n").phone("p").build();
    let xml = String::from_utf8(to_vec(&signer)?)?;
    let places: Vec<_> = ["Name", "Phone", "Address"].iter().map(|name| xml.find(name)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{xml}");
    assert!(xml.contains("urn:party"), "{xml}");
    assert_eq!(from_slice::<Signer>(xml.as_bytes())?, signer);
    assert!(serde_json::from_value::<Signer>(json!({"name": "n"})).is_err(), "its phone is required");
    assert_eq!(serde_json::to_value(Abc::builder().a("a").build())?, json!({"a": "a"}));
    Ok(())
}

async fn operations() -> Checked {
    let builder = || Ok::<_, Box<dyn Error>>(Client::builder().credentials(Credentials::basic("u", "p")?).base_url("http://127.0.0.1:1/x"));
    let (customer, key) = ("M å".parse()?, "a key".parse()?);
    let (since, tags) = ("2027-01-31T12:00:00+01:00".parse()?, vec!["a&b".to_owned(), "c".to_owned()]);

    let client = builder()?.media_type(MediaType::Xml).build()?;
    let house = LoanPromiseEstateType::House;
    let call = client.list_households(&customer, -1, true).estate_type(&house).limit(4).limit(5).name("å b");
    let shown = call.since(&since).tag(&tags).x_trace("t1").preview()?;
    assert_eq!((shown.method.as_str(), shown.body.len()), ("GET", 0));
    assert_eq!(
        shown.url,
        "http://127.0.0.1:1/x/CRM/Buyer/M%20%C3%A5/Households/-1?verified=true&estateType=House&limit=5&name=%C3%A5+b\
         &since=2027-01-31T12%3A00%3A00%2B01%3A00&tag=a%26b&tag=c"
    );
    let header = |name: &str| shown.headers.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
    assert_eq!((header("accept"), header("x-trace")), (Some("application/xml"), Some("t1")));
    assert_eq!((header("content-type"), header("content-length"), header("api-version")), (None, None, None));
    let shown = client.list_households(&customer, 1, false).preview()?;
    assert_eq!(shown.url, "http://127.0.0.1:1/x/CRM/Buyer/M%20%C3%A5/Households/1?verified=false");

    let xml = format!(r#"<ArrayOfstring xmlns:i="{XSI}" xmlns="{ARRAYS}"><string>a&amp;b</string><string>c</string></ArrayOfstring>"#);
    for (media_type, body) in [(MediaType::Json, r#"["a&b","c"]"#), (MediaType::Xml, &xml)] {
        let client = builder()?.media_type(media_type).build()?;
        let shown = client.add_notes(&customer, &key, Some(&tags)).body("a&b").preview()?;
        assert_eq!((shown.method.as_str(), shown.url.as_str()), ("POST", "http://127.0.0.1:1/x/CRM/Buyer/M%20%C3%A5/Notes/a%20key?body=a%26b"));
        assert_eq!(String::from_utf8_lossy(&shown.body), body);
    }
    assert!("ninechars".parse::<vitec_connect::models::NoteKey>().is_err());
    Ok(())
}

//! Files of rows: what is read, what is refused, and that the same file again sends nothing.

use vitec_connect_outbox::{BadRow, Enqueued, Error, ErrorKind, Imported, NewRow, ReadOptions, RowReader, import};

use crate::stores::{BASE_URL, Place, all, both, counts};

both! {
    the_same_file_again_stores_nothing;
    a_bad_row_does_not_stop_the_others;
}

fn read_with(file: &[u8], options: &ReadOptions) -> Result<Vec<Result<NewRow, BadRow>>, Error> {
    let mut reader = RowReader::new(std::io::Cursor::new(file.to_vec()), options)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

pub(crate) fn read(file: &[u8]) -> Vec<Result<NewRow, BadRow>> {
    read_with(file, &ReadOptions::default()).unwrap()
}

/// `line: column: reason` of everything that is wrong.
pub(crate) fn problems(file: &[u8]) -> Vec<String> {
    read(file)
        .into_iter()
        .filter_map(Result::err)
        .map(|bad| bad.to_string())
        .collect()
}

pub(crate) fn refused(file: &[u8]) -> String {
    let error = read_with(file, &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    error.to_string()
}

#[test]
fn all_forms_of_a_file_say_the_same() {
    let comma = "customerId,contactId,bank,validUntil,estateType,reference\nM1,4711,Länsbanken,2027-01-31,House,r1\n";
    let expected = read(comma.as_bytes());
    assert!(expected[0].is_ok(), "{expected:?}");
    let semicolon = comma.replace(',', ";");
    let marked = format!("\u{feff}{semicolon}");
    let windows: Vec<u8> = semicolon
        .chars()
        .map(|it| u8::try_from(u32::from(it)).unwrap())
        .collect();
    let shuffled =
        "REFERENCE;EstateType;\"BANK\";validuntil;CONTACTID;CustomerID\r\nr1;house;\"Länsbanken\";2027-01-31;4711;M1";
    for file in [semicolon.as_bytes(), marked.as_bytes(), &windows, shuffled.as_bytes()] {
        assert_eq!(read(file), expected, "{}", String::from_utf8_lossy(file));
    }
    let json = r#"{"customerId":"M1","contactId":4711,"bank":"Länsbanken","validUntil":"2027-01-31","estateType":3,"reference":"r1","status":null}"#;
    let json = read(json.as_bytes())[0].clone().unwrap();
    assert_eq!(json.line(2), expected[0].clone().unwrap());
}

#[test]
fn windows_1252_and_utf_8_are_not_mixed() {
    let file = b"customerId;contactId;bank\nM1;1;L\xE5n \x80\nM1;2;plain\nM1;3;L\xC3\xA5n\n";
    assert_eq!(
        problems(file),
        ["line 4: bank: it is UTF-8, and the rows before are Windows-1252: save the file anew"]
    );
    let file = b"customerId;contactId;bank\nM1;1;L\xC3\xA5n\nM1;2;L\xE5n\n";
    assert_eq!(
        problems(file),
        ["line 3: bank: it is not UTF-8, and the rows before are: save the file anew"]
    );
    assert!(refused(b"\xFF\xFEc\0u\0").contains("UTF-16"));
}

#[test]
fn everything_wrong_with_a_row_is_said() {
    let file = "customerId,contactId,bank,validUntil,estateType,status\n\
                M1/2,,SBAB,2027-02-30,Hous,1\n\
                M1,1,\"two\nlines\",,,\n\
                M1,2\n\
                M1,3,SBAB,31/1 2027,,99\n";
    let problems = problems(file.as_bytes());
    assert_eq!(problems.len(), 3, "{problems:#?}");
    for part in [
        "line 2: customerId: ",
        "; validUntil: ",
        "; estateType: \"Hous\" is none of Apartment, Cottage, House",
        "; contactId: it is missing",
    ] {
        assert!(problems[0].contains(part), "{part}: {}", problems[0]);
    }
    assert_eq!(problems[1], "line 5: it has 2 cells, and there are 6 columns");
    assert!(problems[2].starts_with("line 6: validUntil: ") && problems[2].contains("; status: \"99\" is none of"));
}

#[test]
fn xml_cannot_carry_everything() {
    let file = "customerId,contactId,bank\nM1,1,a\u{7}b\n".as_bytes();
    assert!(read_with(file, &ReadOptions::default()).unwrap()[0].is_ok());
    let bad = read_with(file, &ReadOptions::default().xml(true)).unwrap()[0]
        .clone()
        .unwrap_err();
    assert_eq!(bad.problems[0].column.as_deref(), Some("bank"));
}

#[test]
fn json_lines_are_checked_one_by_one() {
    let file = "{\"customerId\":\"M1\",\"contactId\":\"1\"}\n\n{\"customerId\":\n[1]\n{\"customerId\":\"M1\",\"contactId\":\"1\",\"x\":1}\n\
                {\"customerId\":\"M1\",\"contactId\":\"1\",\"bank\":{}}\n{\"customerId\":\"M1\",\"CustomerId\":\"M1\",\"contactId\":\"1\"}";
    let problems = problems(file.as_bytes());
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems[0].starts_with("line 3: it is no JSON"));
    assert_eq!(problems[1], "line 4: it is no JSON object");
    assert!(problems[2].starts_with("line 5: there is no column \"x\""));
    assert!(problems[3].starts_with("line 6: bank: "));
    assert_eq!(problems[4], "line 7: customerId: it is there twice");
}

#[test]
fn a_file_that_is_none_is_refused_at_once() {
    assert!(refused(b"customerId,contactId,colour\n").contains("line 1: there is no column \"colour\""));
    assert!(refused(b"customerId,bank\n").contains("contactId is missing"));
    assert!(refused(b"customerId,contactId,BANK,bank\n").contains("bank is there twice"));
    assert!(refused(b"").contains("customerId is missing"));
    assert_eq!(read(b"customerId,contactId\n"), []);
}

const FILE: &str = "customerId,contactId,bank,reference\nM1,1,a,\nM1,1,a,\nM1,1,b,r\nM1,1,a,\n";

async fn import_file(place: &Place, file: &'static str) -> (vitec_connect_outbox::ImportSummary, Vec<String>) {
    let outbox = place.open(BASE_URL).await;
    let reader = RowReader::new(file.as_bytes(), &ReadOptions::default()).unwrap();
    let mut told = Vec::new();
    let summary = import(&outbox, reader, |row| {
        told.push(match row {
            Imported::Row { line, enqueued, .. } => match enqueued {
                Enqueued::New(_) => format!("{line} new"),
                Enqueued::Known(_, state) => format!("{line} {state}"),
                _ => format!("{line} other content"),
            },
            Imported::Bad(bad) => bad.to_string(),
            _ => String::new(),
        });
    })
    .await
    .unwrap();
    (summary, told)
}

async fn the_same_file_again_stores_nothing(place: Place) {
    let (summary, told) = import_file(&place, FILE).await;
    assert_eq!((summary.new, summary.known), (4, 0));
    assert_eq!(told, ["2 new", "3 new", "4 new", "5 new"]);
    let (summary, told) = import_file(&place, FILE).await;
    assert_eq!((summary.new, summary.known), (0, 4));
    assert_eq!(told, ["2 pending", "3 pending", "4 pending", "5 pending"]);
    let outbox = place.open(BASE_URL).await;
    assert_eq!(counts(&outbox).await, [4, 0, 0, 0, 0]);
    assert_eq!(all(&outbox).await[3].line, Some(5));
}

async fn a_bad_row_does_not_stop_the_others(place: Place) {
    import_file(&place, FILE).await;
    let file = "customerId,contactId,bank,reference\nM1,,x,\nM1,1,other,r\nM1,1,c,\n";
    let (summary, told) = import_file(&place, file).await;
    assert_eq!(
        (summary.new, summary.known, summary.other_content, summary.bad),
        (1, 0, 1, 1)
    );
    assert_eq!(told, ["line 2: contactId: it is missing", "3 other content", "4 new"]);
}

//! Files that would be read otherwise than they were meant.

use vitec_connect_outbox::{BadRow, NewRow, ReadOptions, RowReader};

use crate::files::{problems, read, refused};

const COLUMNS: &str = "customerId;contactId;bank;validUntil;reference\n";

fn table(rows: &str) -> Vec<u8> {
    format!("{COLUMNS}{rows}").into_bytes()
}

fn good(file: &[u8]) -> Vec<NewRow> {
    read(file).into_iter().map(Result::unwrap).collect()
}

fn one_bad(file: &[u8]) -> BadRow {
    let mut bad: Vec<_> = read(file).into_iter().filter_map(Result::err).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    bad.remove(0)
}

#[test]
fn a_quote_left_open_is_one_bad_row_with_all_that_it_swallows() {
    let file = table("M1;1;SBAB;;r1\nM2;2;\"SBAB;;r2\nM3;3;SEB;;r3\nM4;4;SEB;;r4\n");
    assert_eq!(read(&file).len(), 2);
    let bad = one_bad(&file);
    assert_eq!((bad.line, bad.last_line), (3, 5));
    assert!(
        bad.to_string().starts_with("lines 3 to 5: bank: a quote is left open"),
        "{bad}"
    );
    assert_eq!(
        (bad.customer_id.as_deref(), bad.subject.as_deref()),
        (Some("M2"), Some("2"))
    );
    assert_eq!(bad.reference, None);
    let last = table("M1;1;SBAB;;\"r1");
    assert!(
        one_bad(&last)
            .to_string()
            .starts_with("line 2: reference: a quote is left open: close it")
    );
    assert!(refused(b"customerId;contactId;\"bank\nM1;1;SBAB\n").starts_with("line 1: a quote is left open"));
}

#[test]
fn quotes_that_close_each_other_swallow_nothing_unseen() {
    // Text behind the closing quote.
    let file = table("M1;1;\"SBAB;;r1\nM2;2;\"SEB\";;r2\nM3;3;SEB;;r3\n");
    assert_eq!(read(&file).len(), 2);
    let bad = one_bad(&file);
    assert_eq!((bad.line, bad.last_line), (2, 3));
    assert!(
        bad.to_string()
            .contains("bank: text stands behind a closing quote, and these lines are in one cell")
    );
    let file = table("M1;1;\"SB\"AB;;r1\n");
    assert!(
        one_bad(&file)
            .to_string()
            .starts_with("line 2: bank: text stands behind a closing quote; inside")
    );
    // A row that is as wide as it should be, with a whole row less one cell inside of one.
    let file = table("M1;1;\"SBAB;;r1\nM2;2;SEB\";;r2\nM3;3;SEB;;r3\n");
    assert_eq!(read(&file).len(), 2);
    assert!(
        one_bad(&file)
            .to_string()
            .starts_with("lines 2 to 3: lines 2 to 3 are in one cell, in quotes")
    );
    // The columns that are left over are empty.
    let file = b"customerId;contactId;bank;reference\nM1;1;SBAB;\"r1\nM2;2;SEB\";\nM3;3;SEB;r3\n";
    assert_eq!(read(file).len(), 2);
    assert_eq!(one_bad(file).last_line, 3);
    // A line break in a cell is none of this, nor is a quote inside of a word.
    assert_eq!(good(&table("M1;1;\"two;\nlines\";;r1\nM1;1;SB\"AB;;r2\n")).len(), 2);
}

#[test]
fn a_swallowing_quote_does_not_fill_the_memory_and_ends_where_it_closes() {
    let mut file = table("M1;1;SBAB;;r1\nM2;2;\"SBAB;;r2\n");
    file.extend("M3;3;SEB;;r3\n".repeat(200_000).into_bytes());
    let bad = one_bad(&file);
    assert_eq!((bad.line, bad.last_line), (3, 200_003));
    file.extend(b"M4;4;\"SEB\";;r4\nM5;5;SEB;;r5\n");
    let bad = one_bad(&file);
    assert_eq!((bad.line, bad.last_line), (3, 200_004));
    assert!(bad.to_string().contains("longer than 1 MiB"), "{bad}");
    assert_eq!(read(&file).len(), 3);
    let mut file = b"{\"customerId\":\"".to_vec();
    file.extend(vec![b'x'; 3 << 20]);
    file.extend(b"\n{\"customerId\":\"M1\",\"contactId\":\"1\"}\n");
    assert_eq!(one_bad(&file).to_string(), "line 1: the row is longer than 1 MiB");
    assert_eq!(read(&file).len(), 2);
}

#[test]
fn what_excel_writes_is_taken() {
    let expected = good(&table("M1;1;SBAB;2027-01-31;r1\n"));
    let plain = "customerId;contactId;bank;validUntil;reference\r\nM1;1;SBAB;2027-01-31;r1\r\n";
    for (file, line) in [
        (format!("sep=;\r\n{plain}"), 3),
        (format!("\u{feff}SEP=,\r\n{}", plain.replace(';', ",")), 3),
        (format!("\"sep=\t\"\r\n{}", plain.replace(';', "\t")), 3),
        (plain.replace(';', "\t"), 2),
        (format!("{plain};;;;\r\n ; ;;;\r\n\r\n"), 2),
        (format!(";;;;\r\n\r\n{plain}"), 4),
        (plain.replace("\r\n", ";;;\r\n"), 2),
        (plain.replace("r1", "r1;;"), 2),
        (plain.replace("\r\n", "\r\r\n"), 2),
        (plain.replace("31;", "31 00:00:00;"), 2),
        (plain.replace("31;", "31 00:00;"), 2),
        (plain.replace("31;", "31 00:00:00.000;"), 2),
    ] {
        let rows = good(file.as_bytes());
        assert_eq!(rows, [expected[0].clone().line(line)], "{file:?}");
    }
    let json =
        br#"{"customerId":"M1","contactId":"1","bank":"SBAB","validUntil":"2027-01-31 00:00:00","reference":"r1"}"#;
    assert_eq!(good(json)[0].clone().line(2), expected[0]);
    assert_eq!(problems(&table("M1;1;;2027-01-31 12:00:00;r1\n")).len(), 1);
    assert!(refused(b"sep=|\ncustomerId|contactId\n").contains("none of `;`, `,` and tab"));
    // What stands beside the columns belongs to none of them.
    assert_eq!(
        problems(b"customerId;contactId;\nM1;1;\nM1;1;SBAB\n"),
        ["line 3: it has 3 cells, and there are 2 columns"]
    );
}

#[test]
fn what_became_of_a_value_is_told_from_one() {
    for (row, column, what) in [
        ("4711.0;1;;;", "customerId", "has made of 4711"),
        ("M1;=\"4711\";;;", "contactId", "a formula"),
        ("M1;NULL;;;", "contactId", "there is nothing"),
        ("M1;nan;;;", "contactId", "there is nothing"),
        ("M1;1,23E+05;;;", "contactId", "digits are lost"),
        ("M1;#N/A;;;", "contactId", "an error value"),
        ("M1;1;#SAKNAS!;;", "bank", "an error value"),
        ("M1;1;;45688;", "validUntil", "number for 2025-01-31"),
        ("M1;1;;NULL;", "validUntil", "there is nothing"),
        ("M1;1;;;1,23E+05", "reference", "digits are lost"),
    ] {
        let bad = one_bad(&table(&format!("{row}\n")));
        assert_eq!(bad.problems.len(), 1, "{bad}");
        assert_eq!(bad.problems[0].column.as_deref(), Some(column));
        assert!(bad.problems[0].reason.contains(what), "{bad}");
    }
    let bad = one_bad(br#"{"customerId":"M1","contactId":4711.0}"#);
    assert!(
        bad.to_string().contains("contactId: 4711.0 is a number with decimals"),
        "{bad}"
    );
    let bad = one_bad(b"customerId;contactId;bank\nM1;4711\xE2\x80\x8B;SBAB\n");
    assert!(bad.to_string().contains("U+200B"), "{bad}");
}

#[test]
fn what_is_no_table_is_refused_by_name() {
    for (file, name) in [
        (&b"PK\x03\x04\x14\x00\x06\x00rest"[..], ".xlsx"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest", ".xls"),
        (b" [\n{\"customerId\":\"M1\"}]", "JSON array"),
        (b"customerId;contactId\rM1;1\rM1;2\r", "old Mac"),
        (b"{\"customerId\":\"M1\",\"contactId\":\"1\"}\r{}", "old Mac"),
        (b"c\0u\0s\0t\0", "UTF-16"),
        (b"\0c\0u\0s\0t", "UTF-16"),
        (b"\xFE\xFF\0c", "UTF-16"),
    ] {
        let why = refused(file);
        assert!(why.contains(name), "{}: {why}", file.escape_ascii());
    }
    assert_eq!(
        problems(&table("M1;1;SBAB;;r1\rM2;2;SEB;;r2\nM3;3;SEB;;r3\n")).len(),
        1,
        "one line end of an old Mac"
    );
}

#[test]
fn the_code_page_of_dos_is_told_from_windows_1252() {
    let file = |bank: &[u8]| [b"customerId;contactId;bank\nM1;1;", bank, b"\n"].concat();
    for bank in [
        &b"L\x84nsf\x94rs\x84kringar"[..],
        b"Malm\x94",
        b"\x84lvsbyn",
        b"Sk\x86nska",
        b"Bl\x86",
        b"\x8Fkers",
        b"\x99rebro",
        b"M\x81nchen",
        b"Caf\x82bank",
    ] {
        assert!(
            refused(&file(bank)).contains("code page 850"),
            "{}",
            bank.escape_ascii()
        );
    }
    for (bank, text) in [
        (&b"L\xE4nsf\xF6rs\xE4kringar"[..], "Länsförsäkringar"),
        (b"\x84SBAB\x94", "„SBAB”"),
        (b"\x94SBAB\x94", "”SBAB”"),
        (b"the \x93bank\x94", "the “bank”"),
        (b"Bank\x99 \x96 5\x94", "Bank™ – 5”"),
        ("Ängsö „Örebro”".as_bytes(), "Ängsö „Örebro”"),
    ] {
        let windows = good(&file(bank));
        assert_eq!(windows, good(&file(text.as_bytes())), "{text}");
    }
    // Beyond what is looked at first, each row with such letters is bad.
    let mut file = b"customerId;contactId;bank\n".to_vec();
    file.extend(b"M1;1;SBAB\n".repeat(10_000));
    file.extend(b"M1;2;Sk\x86nska\nM1;3;\x84h\nM1;4;SBAB\nM1;5;\xE5\n");
    let problems = problems(&file);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems
            .iter()
            .all(|it| it.contains("bank: the letters are those of code page 850"))
    );
}

#[test]
fn the_names_of_the_columns_are_no_row() {
    let file = table(&format!(
        "M1;1;SBAB;;r1\n{COLUMNS}CUSTOMERID; contactid ;;;\nM2;2;SBAB;;r2\n"
    ));
    assert_eq!(
        problems(&file),
        [
            "line 3: it is the names of the columns once more",
            "line 4: it is the names of the columns once more"
        ]
    );
    let mut reader = RowReader::new(
        std::io::Cursor::new(table(
            "M1;1;SBAB;;r1\ncontactId;customerId;bank;validUntil;reference\n2;M2;SBAB;;r2\n",
        )),
        &ReadOptions::default(),
    )
    .unwrap();
    assert!(reader.next_row().unwrap().is_some_and(|row| row.is_ok()));
    let error = reader.next_row().unwrap_err().to_string();
    assert!(
        error.starts_with("line 3: the names of the columns stand there again, in another order"),
        "{error}"
    );
}

#[test]
fn a_name_that_stands_twice_is_refused_at_every_level() {
    let bad = one_bad(br#"{"customerId":"M1","contactId":"1","contactId":"2","bank":"SBAB","reference":"r"}"#);
    assert_eq!(bad.to_string(), "line 1: contactId: it is there twice");
    assert_eq!(bad.reference.as_deref(), Some("r"));
    let bad = one_bad(br#"{"customerId":"M1","contactId":"1","x":[{"a":1,"a":2}]}"#);
    assert!(bad.to_string().contains("\"a\" is there twice"), "{bad}");
    // The place is that in the row: it is no file of its own.
    let bad = one_bad(b"{\"customerId\":\"M1\",\"contactId\":\"1\"}\n{\"customerId\":\"M1\",\"contactId\":}");
    assert_eq!(bad.to_string(), "line 2: it is no JSON: expected value at column 32");
}

#[test]
fn a_reference_stands_for_one_content_in_a_file() {
    let file = table(
        "M1;1;SBAB;;r1\nM1;1;SBAB;;r1\nM1;1;SBAB;;\"r1\u{a0}\"\nM1;1;SEB;;r1\nM1;1;SBAB;2027-99-01;r2\nM1;1;SBAB;;r2\n",
    );
    let problems = problems(&file);
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(problems[0].starts_with("line 5: reference: line 2 has it already, with other content"));
    assert!(problems[1].starts_with("line 6: validUntil: "));
    assert!(problems[2].starts_with("line 7: reference: line 6 has it too, and is bad"));
}

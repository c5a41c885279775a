use super::*;
use chrono::TimeZone;
use proptest::prelude::*;

fn read(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn offset(seconds: i32) -> FixedOffset {
    FixedOffset::east_opt(seconds).unwrap()
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn reads_every_accepted_form_and_writes_the_round_trip_form() {
    for (text, written) in [
        ("2027-01-31", "2027-01-31T00:00:00"),
        ("2027-01-31Z", "2027-01-31T00:00:00Z"),
        ("2027-01-31+01:00", "2027-01-31T00:00:00+01:00"),
        ("2027-01-31-05:00", "2027-01-31T00:00:00-05:00"),
        ("2027-01-31T12:34", "2027-01-31T12:34:00"),
        ("2027-01-31T12:34Z", "2027-01-31T12:34:00Z"),
        ("2027-01-31T12:34-05:30", "2027-01-31T12:34:00-05:30"),
        ("2027-01-31T12:34:56", "2027-01-31T12:34:56"),
        ("2027-01-31T12:34:56Z", "2027-01-31T12:34:56Z"),
        ("2027-01-31T12:34:56.5", "2027-01-31T12:34:56.5"),
        ("2027-01-31T12:34:56.0000000", "2027-01-31T12:34:56"),
        ("2027-01-31T12:34:56.0100Z", "2027-01-31T12:34:56.01Z"),
        ("2027-01-31T12:34:56.0000001", "2027-01-31T12:34:56.0000001"),
        ("2027-01-31T12:34:56+00:00", "2027-01-31T12:34:56+00:00"),
        ("2027-01-31T12:34:56-00:00", "2027-01-31T12:34:56+00:00"),
        ("2027-01-31T12:34:56+14:00", "2027-01-31T12:34:56+14:00"),
        ("2027-01-31T12:34:56-14:00", "2027-01-31T12:34:56-14:00"),
        ("2028-02-29", "2028-02-29T00:00:00"),
        ("0001-01-01", "0001-01-01T00:00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T14:00:00+14:00", "0001-01-01T14:00:00+14:00"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999"),
        ("9999-12-31T09:59:59.9999999-14:00", "9999-12-31T09:59:59.9999999-14:00"),
        // The samples of the help page.
        ("2024-11-21T09:53:21.9146786+01:00", "2024-11-21T09:53:21.9146786+01:00"),
        ("2015-01-01T12:00:00", "2015-01-01T12:00:00"),
    ] {
        assert_eq!(read(text).to_string(), written, "{text}");
        read(text).check().unwrap();
    }
}

#[test]
fn refuses_everything_else_and_says_why() {
    for (text, why) in [
        ("", "form"),
        ("x", "form"),
        ("2027", "form"),
        ("2027-01", "form"),
        ("2027-1-31", "form"),
        ("20270131", "form"),
        ("31/01/2027", "form"),
        ("12:00:00", "form"),
        ("2027-01-31T", "form"),
        ("2027-01-31T12", "form"),
        ("2027-01-31T12:00:0", "form"),
        ("2027-01-31T1:00:00", "form"),
        ("2027-01-31T12:00:00,5", "form"),
        ("2027-01-31T12:00:00ZZ", "form"),
        ("2027-01-31T12:00:00+01:00x", "form"),
        ("2027-01-31T12:00.5", "form"),
        ("/Date(1800000000000)/", "form"),
        ("２０２７-01-31", "form"),
        ("2027-01-31T12:00:00\0", "form"),
        ("2027-01-31T12:00:00é", "form"),
        (" 2027-01-31", "white space"),
        ("2027-01-31\n", "white space"),
        ("2027-01-31\u{a0}", "white space"),
        ("0000-01-01", "between 0001 and 9999"),
        ("10000-01-01", "4 digits"),
        ("027-01-31", "4 digits"),
        ("-2027-01-31", "4 digits"),
        ("+2027-01-31", "4 digits"),
        ("2027-02-29", "no such day"),
        ("2027-02-30T00:00:00", "no such day"),
        ("2027-13-01", "no such day"),
        ("2027-00-01", "no such day"),
        ("2027-01-00", "no such day"),
        ("2027-01-31T24:00:00", "24"),
        ("2027-01-31T25:00:00", "hour"),
        ("2027-01-31T12:60:00", "minute"),
        ("2016-12-31T23:59:60Z", "leap"),
        ("2027-01-31T12:00:00.", "digits must follow"),
        ("2027-01-31T12:00:00.12345678", "7 digits"),
        ("2027-01-31T12:00:00.00000000", "7 digits"),
        ("2027-01-31t12:00:00", "upper case"),
        ("2027-01-31T12:00:00z", "upper case"),
        ("2027-01-31z", "upper case"),
        ("2027-01-31 12:00", "space"),
        ("2027-01-31T12:00:00+14:01", "14:00"),
        ("2027-01-31T12:00:00-15:00", "14:00"),
        ("2027-01-31T12:00:00+99:99", "14:00"),
        ("2027-01-31T12:00:00+01:60", "±hh:mm"),
        ("2027-01-31T12:00:00+01", "±hh:mm"),
        ("2027-01-31T12:00:00+0100", "±hh:mm"),
        ("2027-01-31T12:00:00+01:00:00", "form"),
        ("2027-01-31T12:00:00−01:00", "form"),
        ("0001-01-01T00:00:00+14:00", "UTC"),
        ("0001-01-01T00:00:00+00:01", "UTC"),
        ("9999-12-31T23:59:59.9999999-00:01", "UTC"),
    ] {
        let error = text.parse::<DateTime>().unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
        assert!(error.contains(&format!("{text:?}")), "{text}: {error}");
        assert!(error.contains("Accepted: 2027-01-31"), "{error}");
    }
}

#[test]
fn an_error_quotes_a_bounded_part() {
    let error = "å\n".repeat(100_000).parse::<DateTime>().unwrap_err().to_string();
    assert!(error.len() < 400, "{}", error.len());
    assert!(error.contains("å\\nå\\n…\""), "{error}");
}

#[test]
fn the_kind_and_the_instant() {
    let unspecified = read("2027-01-31T00:30:00");
    assert_eq!(unspecified.kind(), DateTimeKind::Unspecified);
    assert_eq!(unspecified.to_utc(), None);
    assert_eq!(unspecified.to_fixed_offset(), None);

    let utc = read("2027-01-31T00:30:00Z");
    assert_eq!(utc.kind(), DateTimeKind::Utc);
    assert_eq!(utc.to_utc(), Utc.with_ymd_and_hms(2027, 1, 31, 0, 30, 0).single());
    assert_ne!(utc, read("2027-01-31T00:30:00+00:00"));

    let local = read("2027-01-31T00:30:00+01:00");
    assert_eq!(local.kind(), DateTimeKind::Offset(offset(3600)));
    assert_eq!(local.date(), day(2027, 1, 31));
    assert_eq!(local.time(), NaiveTime::from_hms_opt(0, 30, 0).unwrap());
    assert_eq!(local.naive(), day(2027, 1, 31).and_hms_opt(0, 30, 0).unwrap());
    assert_eq!(local.to_utc(), Utc.with_ymd_and_hms(2027, 1, 30, 23, 30, 0).single());
    let instant = local.to_fixed_offset().unwrap();
    assert_eq!(
        (instant.naive_local(), *instant.offset()),
        (local.naive(), offset(3600))
    );
}

#[test]
fn from_chrono() {
    let naive = day(2027, 1, 31).and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap();
    assert_eq!(DateTime::from(day(2027, 1, 31)).to_string(), "2027-01-31T00:00:00");
    assert_eq!(DateTime::from(naive).to_string(), "2027-01-31T23:59:59.9999999");
    assert_eq!(
        DateTime::from(naive.and_utc()).to_string(),
        "2027-01-31T23:59:59.9999999Z"
    );
    let stockholm = naive.and_local_timezone(offset(3600)).unwrap();
    assert_eq!(
        DateTime::from(stockholm).to_string(),
        "2027-01-31T23:59:59.9999999+01:00"
    );
    assert_eq!(
        DateTime::from(day(2027, 1, 31).and_hms_nano_opt(0, 0, 0, 99).unwrap()),
        DateTime::from(day(2027, 1, 31))
    );
}

#[test]
fn what_dotnet_cannot_hold_is_refused_when_written() {
    let leap = day(2016, 12, 31).and_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    let noon = day(2027, 1, 31).and_hms_opt(12, 0, 0).unwrap();
    let at = |seconds| DateTime::from(noon.and_local_timezone(offset(seconds)).unwrap());
    for (value, shown, why) in [
        (DateTime::from(day(0, 1, 1)), "0000-01-01T00:00:00", "year"),
        (DateTime::from(day(10_000, 1, 1)), "+10000-01-01T00:00:00", "year"),
        (DateTime::from(day(-5, 1, 1)), "-0005-01-01T00:00:00", "year"),
        (
            DateTime::from(NaiveDateTime::MAX),
            "+262142-12-31T23:59:59.9999999",
            "year",
        ),
        (DateTime::from(leap), "2016-12-31T23:59:60.5", "leap second"),
        (at(14 * 3600 + 60), "2027-01-31T12:00:00+14:01", "14:00"),
        (at(-86_399), "2027-01-31T12:00:00-23:59:59", "whole minutes"),
        (at(3601), "2027-01-31T12:00:00+01:00:01", "whole minutes"),
    ] {
        assert_eq!(value.to_string(), shown);
        let error = serde_json::to_string(&value).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(shown), "{error}");
        assert_eq!(error, value.check().unwrap_err().to_string());
    }
}

#[test]
fn the_ends_of_chrono_do_not_panic() {
    for utc in [chrono::DateTime::<Utc>::MIN_UTC, chrono::DateTime::<Utc>::MAX_UTC] {
        for seconds in [-86_399, 0, 86_399] {
            let value = DateTime::from(utc.with_timezone(&offset(seconds)));
            assert!(value.check().is_err());
            let _ = (value.to_utc(), value.to_fixed_offset(), value.to_string());
        }
        assert!(DateTime::from(utc).check().is_err());
        assert!(DateTime::from(utc.naive_utc()).check().is_err());
    }
}

#[test]
fn serde_as_text() {
    let value = read("2024-11-21T09:53:21.9146786+01:00");
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, r#""2024-11-21T09:53:21.9146786+01:00""#);
    assert_eq!(serde_json::from_str::<DateTime>(&json).unwrap(), value);
    // An escape makes serde_json hand out a copy instead of a slice of the input.
    assert_eq!(
        serde_json::from_str::<DateTime>(r#""2027\u002d01-31""#).unwrap(),
        read("2027-01-31")
    );
    assert_eq!(
        serde_json::from_value::<DateTime>("2027-01-31".into()).unwrap(),
        read("2027-01-31")
    );
    for json in ["null", "1", "{}", "[]", "true", r#""x""#] {
        assert!(serde_json::from_str::<DateTime>(json).is_err(), "{json}");
    }
    let error = serde_json::from_str::<DateTime>(r#""2027-02-30""#)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no such day"), "{error}");
}

#[test]
fn json_schema() {
    let schema = DateTime::json_schema(&mut SchemaGenerator::default());
    assert_eq!(
        schema.as_value(),
        &serde_json::json!({ "type": "string", "format": "date-time" })
    );
}

proptest! {
    #[test]
    fn text_to_value_to_text_is_the_identity(
        date in "[0-9]{3}[1-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
        time in "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,6}[1-9])?",
        kind in "|Z|[+](0[0-9]|1[0-3]):[0-5][0-9]|-(0[1-9]|1[0-3]):[0-5][0-9]|[+-]14:00",
    ) {
        let text = format!("{date}T{time}{kind}");
        // The ends, where an offset leads out of the years, have tests of their own.
        prop_assume!(!text.starts_with("0001-01-01") && !text.starts_with("9999-12-31"));
        let value: DateTime = text.parse().unwrap();
        prop_assert_eq!(value.to_string(), text.as_str());
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<DateTime>(&json).unwrap(), value);
    }

    #[test]
    fn whatever_is_accepted_reads_back_the_same(
        text in "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,8})?)?)?(Z|[+-][01][0-9]:[0-9]{2})?"
    ) {
        if let Ok(value) = text.parse::<DateTime>() {
            prop_assert!(value.check().is_ok());
            prop_assert_eq!(value.to_string().parse::<DateTime>().unwrap(), value);
        }
    }

    #[test]
    fn any_string_reads_or_is_refused(text in ".*") {
        let _ = text.parse::<DateTime>();
    }

    #[test]
    fn nearly_right_strings_read_or_are_refused(text in "[0-9TZtz:.+ é-]{0,40}") {
        let _ = text.parse::<DateTime>();
    }

    #[test]
    fn any_chrono_instant_is_written_readably_or_refused(
        seconds in -8_334_000_000_000_i64..8_210_000_000_000,
        nanos in 0_u32..2_000_000_000,
        shift in -86_399..=86_399,
    ) {
        if let Some(utc) = chrono::DateTime::from_timestamp(seconds, nanos) {
            for value in [DateTime::from(utc), DateTime::from(utc.with_timezone(&offset(shift)))] {
                if value.check().is_ok() {
                    prop_assert_eq!(value.to_string().parse::<DateTime>().unwrap(), value);
                }
            }
        }
    }

    #[test]
    fn an_instant_survives_to_the_tick(
        seconds in -62_000_000_000_i64..253_000_000_000,
        nanos in 0_u32..1_000_000_000,
        minutes in -840..=840,
    ) {
        let utc = chrono::DateTime::from_timestamp(seconds, nanos).unwrap();
        let value = DateTime::from(utc.with_timezone(&offset(minutes * 60)));
        prop_assert!(value.check().is_ok());
        let back: DateTime = value.to_string().parse().unwrap();
        let cut = chrono::DateTime::from_timestamp(seconds, nanos - nanos % 100).unwrap();
        prop_assert_eq!(back.to_utc(), Some(cut));
    }
}

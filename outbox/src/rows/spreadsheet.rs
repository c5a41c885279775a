//! What spreadsheets and programs leave in a cell in place of its value.

use chrono::{Duration, NaiveDate};

/// Why a text is no value, but what became of one.
pub(super) fn leftover(text: &str) -> Option<String> {
    let says = |what: &str| Some(format!("{text:?} is {what}"));
    if text.starts_with('=') {
        return says("a formula of a spreadsheet: write the value alone, and format the column as text");
    }
    if is_error_value(text) {
        return says("an error value of a spreadsheet: mend the cell that it was computed from");
    }
    const NOTHING: [&str; 7] = ["null", "nil", "nan", "nat", "none", "n/a", "<na>"];
    if text == "NA" || NOTHING.iter().any(|it| it.eq_ignore_ascii_case(text)) {
        return says("how a database or a program writes that there is nothing: leave the cell empty");
    }
    if is_scientific(text) {
        return says("a number that a spreadsheet has shortened, and digits are lost: format the column as text");
    }
    if let Some(whole) = whole_number(text) {
        return Some(format!(
            "{text:?} is a number that a spreadsheet or a program has made of {whole}: write it as text, without decimals"
        ));
    }
    None
}

/// Why a text is no date, but a spreadsheet's number for one.
pub(super) fn serial_number(text: &str) -> Option<String> {
    let days = text.split(['.', ',']).next()?;
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    };
    if days.len() != 5 || !digits(text) {
        return None;
    }
    // Excel counts from here, since it takes 1900 for a leap year.
    let date = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(Duration::days(days.parse().ok()?))?;
    Some(format!(
        "{text} is a spreadsheet's number for {date}: format the column as a date, yyyy-mm-dd"
    ))
}

/// The day in `2027-01-31 00:00:00`, as spreadsheets and databases write a date without a time.
pub(super) fn midnight(text: &str) -> Option<&str> {
    let (day, time) = text.split_at_checked(10)?;
    let is_day = day.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let zeros = time.strip_prefix(" 00:00")?;
    let zeros = match zeros.strip_prefix(":00").unwrap_or(zeros) {
        "" => true,
        fraction => fraction
            .strip_prefix('.')
            .is_some_and(|it| is_number(it) && it.bytes().all(|byte| byte == b'0')),
    };
    (is_day && zeros).then_some(day)
}

/// `#N/A`, `#REF!`, `#NAME?` in each language of Excel's, and the `####` of a narrow column.
fn is_error_value(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|rest| {
        rest == "N/A" || rest.ends_with(['!', '?']) || (rest.len() > 1 && rest.bytes().all(|it| it == b'#'))
    })
}

/// `1,23E+05`: the sign is always there.
fn is_scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let number = number.strip_prefix('-').unwrap_or(number);
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or_default();
    let mut parts = number.splitn(2, ['.', ',']);
    is_number(exponent) && parts.all(is_number)
}

/// 4711, of `4711.0`.
fn whole_number(text: &str) -> Option<&str> {
    let (whole, decimals) = text.split_once(['.', ','])?;
    (is_number(whole) && is_number(decimals) && decimals.bytes().all(|it| it == b'0')).then_some(whole)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_value_is_told_from_one() {
        for text in [
            "4711.0",
            "4711,00",
            "=\"4711\"",
            "=A1",
            "#N/A",
            "#SAKNAS!",
            "#NAMN?",
            "#####",
            "NULL",
            "null",
            "nan",
            "NaN",
            "NaT",
            "None",
            "NA",
            "1,23E+05",
            "1.5e-3",
            "7E+11",
        ] {
            assert!(
                leftover(text).is_some_and(
                    |why| why.contains(text.trim_matches('"').trim_start_matches("=\"")) || text.starts_with('=')
                ),
                "{text}"
            );
        }
        for text in [
            "4711",
            "4711.5",
            "1.10",
            "12E5",
            "case #1",
            "#1",
            "Nanna",
            "E+5",
            "na",
            "a=b",
            "",
            "1.0.0",
            "2027-01-31",
        ] {
            assert_eq!(leftover(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_for_a_day_is_told_with_the_day() {
        let why = serial_number("45688").unwrap();
        assert!(why.contains("2025-01-31"), "{why}");
        assert!(serial_number("45688.5").is_some() && serial_number("60,5").is_none());
        for text in ["2027-01-31", "20270131", "4568", "4568a", ""] {
            assert_eq!(serial_number(text), None, "{text}");
        }
    }

    #[test]
    fn midnight_is_the_day() {
        for text in ["2027-01-31 00:00:00", "2027-01-31 00:00", "2027-01-31 00:00:00.000"] {
            assert_eq!(midnight(text), Some("2027-01-31"));
        }
        for text in [
            "2027-01-31 12:00:00",
            "2027-01-31 00:00:01",
            "2027-01-31 00:00:00.",
            "2027-01-31 00:00:00Z",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "31-01-2027 00:00:00",
            "å027-01-31 00:00",
            "2027-01-31 00:000",
        ] {
            assert_eq!(midnight(text), None, "{text}");
        }
    }
}

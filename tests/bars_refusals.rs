//! Bodies that are not bars, or not whole: an error that names the place, never fewer rows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is copied is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::io::Write;

use bars_rows::{START_S, body, flat, row, shared};
use flate2::Compression;
use flate2::write::GzEncoder;
use mt5_sentinel::Error;
use mt5_sentinel::bars::{Bars, RawRows, join, parse};

fn error(body: &str) -> Error {
    parse(body.as_bytes()).map(|rows| rows.len()).expect_err(body)
}

/// Row and field of a [`Error::BadField`].
fn bad_field(text: &str) -> (usize, String) {
    match error(text) {
        Error::BadField { row, field, problem } => {
            assert!(!problem.is_empty());
            (row, field)
        }
        other => panic!("not BadField: {other:?} of {text}"),
    }
}

/// Format and place of a [`Error::Malformed`].
fn malformed(answer: mt5_sentinel::Result<RawRows>) -> (&'static str, String) {
    match answer {
        Err(Error::Malformed { format, place, problem }) => {
            assert!(!problem.is_empty());
            (format, place)
        }
        other => panic!("not Malformed: {other:?}"),
    }
}

#[test]
fn json_cut_at_any_byte_is_an_error() {
    let whole = format!("{}\n", body(&[flat(0, 1.25), row(1, "\"1.5\"", "1.5", "1.5", "null", "null"), flat(2, 1e-3)]));
    let last = whole.rfind(']').unwrap();
    for cut in 0..=last {
        assert!(parse(&whole.as_bytes()[..cut]).is_err(), "{:?}", &whole[..cut]);
    }
    assert_eq!(parse(&whole.as_bytes()[..=last]).unwrap().len(), 3);
    let second_row = &whole[..whole.rfind("},{").unwrap() + 10];
    let (format, place) = malformed(parse(second_row.as_bytes()));
    assert_eq!(format, "JSON");
    assert!(place.ends_with("after 2 whole rows"), "{place}");
    assert!(error(second_row).to_string().contains("cut short"));
}

#[test]
fn what_is_not_bars_is_recognised_and_quoted() {
    for (text, what) in [
        ("", "empty"),
        (" \r\n ", "empty"),
        ("<!DOCTYPE html><title>Just a moment...</title>", "HTML"),
        ("\n<html><center><h1>502 Bad Gateway</h1></center></html>", "HTML"),
        ("Too Many Requests", "neither"),
        ("Unauthenticated", "neither"),
        ("Forbidden", "neither"),
        (r#"{"errors":{"to":["Max period length is 600 days"]}}"#, "object"),
        ("null", "neither"),
        ("1660003200", "neither"),
        ("a,b,c\n1,2,3\n", "neither"),
        ("Date,Open,High,Low\n2022-08-09,1,1,1\n", "neither"),
        ("Open,High,Low,Close\n1,1,1,1\n", "neither"),
        ("\u{0}\u{1}\u{2}", "neither"),
    ] {
        let Error::NotBars { what: said, excerpt } = error(text) else { panic!("not NotBars: {text:?}") };
        assert!(said.contains(what), "{said} of {text:?}");
        assert!(excerpt.chars().count() <= 60 && !excerpt.chars().any(char::is_control), "{excerpt:?}");
        assert!(excerpt.is_empty() || text.contains(excerpt.split(' ').next().unwrap()), "{excerpt:?}");
    }
    assert!(matches!(parse(&[0xff, 0xfe, b'a', 0]), Err(Error::NotBars { .. })), "UTF-16 is read as any text");
}

#[test]
fn captured_answers_of_errors_are_not_bars() {
    for name in ["403_cloudflare.html", "502_nginx.html", "429.txt", "intraday_401_unauthenticated.body.txt"] {
        let Some(bytes) = shared("captured_answers_of_errors_are_not_bars", &format!("eodhd/{name}")) else { return };
        assert!(matches!(parse(&bytes), Err(Error::NotBars { .. })), "{name}");
    }
}

#[test]
fn garbage_around_or_between_rows_is_malformed() {
    let (one, two) = (flat(0, 1.0), flat(1, 1.0));
    for text in [
        format!("[{one}]x"),
        format!("[{one}][{two}]"),
        format!("[{one} {two}]"),
        format!("[{one},]"),
        format!("[,{one}]"),
        format!("[{one}, 5]"),
        format!("[{one}, null]"),
        format!("[[{one}]]"),
        format!("[{one}, \"row\"]"),
        format!("[{}]", one.replace('"', "'")),
        format!("[{}]", one.replace("\"close\":1", "\"close\":NaN")),
        format!("[{}]", one.replace("\"close\":1", "\"close\":1e999")),
        format!("[{}]", one.replace("\"close\":1", "\"close\":01")),
    ] {
        assert_eq!(malformed(parse(text.as_bytes())).0, "JSON", "{text}");
    }
    assert!(parse(b"[{\"timestamp\":1,\"open\xff\":1}]").is_err(), "not UTF-8");
}

#[test]
fn a_value_of_a_wrong_kind_is_named_by_row_and_field() {
    for wrong in ["true", "false", "[]", "[1]", "{}", r#"{"a":1}"#, r#""abc""#, r#""1,5""#, r#""0x10""#] {
        let text = body(&[flat(0, 1.0), row(1, "1", "1", "1", wrong, "1")]);
        assert_eq!(bad_field(&text), (1, "close".into()), "{text}");
        let text = body(&[row(0, "1", "1", "1", "1", wrong)]);
        assert_eq!(bad_field(&text), (0, "volume".into()), "{text}");
        let text = body(&[flat(0, 1.0), flat(1, 1.0).replace(&(START_S + 3_600).to_string(), wrong)]);
        assert_eq!(bad_field(&text), (1, "timestamp".into()), "{text}");
    }
}

#[test]
fn a_time_that_is_none_is_named_with_its_text() {
    for wrong in [
        "2022-13-09 00:00:00",
        "2022-02-30 00:00:00",
        "2022-08-09 25:00:00",
        "2022-08-09T00:00:00 UTC+2",
        "09/08/2022",
        "yesterday",
        "inf",
        "1660003200000000000",
    ] {
        let text = body(&[flat(0, 1.0), flat(1, 1.0).replace(&(START_S + 3_600).to_string(), &format!("\"{wrong}\""))]);
        assert_eq!(bad_field(&text), (1, "timestamp".into()), "{text}");
        assert!(error(&text).to_string().contains(wrong));
        let csv = format!("Datetime,Open,High,Low,Close\n2022-08-09,1,1,1,1\n{wrong},1,1,1,1\n");
        assert_eq!(bad_field(&csv), (1, "Datetime".into()), "{csv}");
    }
    let nanoseconds = body(&[flat(0, 1.0).replace(&START_S.to_string(), "1660003200000000000")]);
    assert_eq!(bad_field(&nanoseconds), (0, "timestamp".into()));
}

#[test]
fn a_row_without_a_needed_field_is_an_error_and_not_a_null_row() {
    for (field, text) in [
        ("timestamp", flat(0, 1.0).replace("timestamp", "stamp")),
        ("open", flat(0, 1.0).replace("open", "first")),
        ("high", flat(0, 1.0).replace("high", "top")),
        ("low", flat(0, 1.0).replace("low", "bottom")),
        ("close", flat(0, 1.0).replace("close", "last")),
        ("timestamp", "{}".into()),
    ] {
        assert_eq!(bad_field(&body(&[flat(1, 1.0), text])), (1, field.into()));
    }
}

#[test]
fn a_local_datetime_alone_is_refused() {
    let local = r#"[{"gmtoffset":3600,"datetime":"2022-08-09 00:00:00","open":1,"high":1,"low":1,"close":1}]"#;
    assert_eq!(bad_field(local), (0, "gmtoffset".into()));
    let csv = "Gmtoffset,Datetime,Open,High,Low,Close\n-14400,2022-08-09 00:00:00,1,1,1,1\n";
    assert_eq!(bad_field(csv), (0, "gmtoffset".into()));
}

#[test]
fn a_csv_that_does_not_hold_together_names_the_line() {
    let header = "time,open,high,low,close,volume";
    let (format, place) = malformed(parse(format!("{header}\n1660003200,1,1,1,1,1\n1660006800,1,1\n").as_bytes()));
    assert_eq!((format, place.as_str()), ("CSV", "line 3"));
    let (_, place) = malformed(parse(format!("{header}\n1660003200,1,1,1,1,1,1,1\n").as_bytes()));
    assert_eq!(place, "line 2");
    let (_, place) = malformed(parse(format!("{header},Timestamp\n1660003200,1,1,1,1,1,1660003200\n").as_bytes()));
    assert_eq!(place, "the header, column 7");
    let (_, place) = malformed(parse([header.as_bytes(), b"\n1660003200,1,1,1,1,\xff\n"].concat().as_slice()));
    assert_eq!(place, "line 2");
    assert_eq!(bad_field(&format!("{header}\n1660003200,1,1,1,1,1\n1660006800,1,x,1,1,1\n")), (1, "high".into()));
}

#[test]
fn a_gzip_stream_cut_at_any_byte_or_followed_by_garbage_is_an_error() {
    let rows: Vec<String> = (0..40).map(|hour| flat(hour, 1.0 + hour as f64 / 64.0)).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body(&rows).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    assert_eq!(parse(&whole).unwrap().len(), 40);
    for cut in 0..whole.len() {
        assert!(parse(&whole[..cut]).is_err(), "cut at {cut} of {}", whole.len());
    }
    assert_eq!(malformed(parse(&whole[..whole.len() / 2])).0, "gzip");
    let mut altered = whole.clone();
    altered[whole.len() - 5] ^= 1;
    assert_eq!(malformed(parse(&altered)).0, "gzip", "the checksum is read");
    assert_eq!(malformed(parse(&[whole.as_slice(), b"tail"].concat())).0, "gzip");
}

#[test]
fn deep_nesting_is_answered_and_does_not_end_the_process() {
    let deep = 100_000;
    let row = |value: &str| format!(r#"[{{"timestamp":1660003200,"x":{value}"#);
    for text in ["[".repeat(deep), "{\"a\":".repeat(deep), row(&"[".repeat(deep)), row(&"{\"open\":".repeat(deep))] {
        assert!(parse(text.as_bytes()).is_err());
    }
    let field = format!(r#"[{{"timestamp":{}{}"#, "[".repeat(deep), "]".repeat(deep));
    assert!(parse(field.as_bytes()).is_err());
}

#[test]
fn columns_that_are_no_bars_are_refused() {
    let build = |time: &[i64], high: &[f64], volume: &[f64]| {
        let ones = vec![1.0; time.len()];
        Bars::from_columns(time.to_vec(), ones.clone(), high.to_vec(), ones.clone(), ones, volume.to_vec())
    };
    assert_eq!(build(&[], &[], &[]).unwrap().len(), 0);
    assert_eq!(build(&[0, 60], &[1.0, 1.5], &[0.0, 3.0]).unwrap().last().unwrap().high, 1.5);
    let short = build(&[0, 60], &[1.0], &[0.0, 0.0]).unwrap_err();
    assert!(matches!(&short, Error::BadColumns { problem } if problem.contains("`high` has 1")), "{short}");
    for times in [[0, 60, 60], [0, 60, 30]] {
        let error = build(&times, &[1.0; 3], &[0.0; 3]).unwrap_err();
        assert!(matches!(&error, Error::BadField { row: 2, field, .. } if field == "timestamp"), "{error}");
    }
    for (high, volume) in [(0.5, 0.0), (f64::NAN, 0.0), (f64::INFINITY, 0.0), (1.0, -1.0), (1.0, f64::NAN)] {
        let error = build(&[0, 60], &[1.0, high], &[0.0, volume]).unwrap_err();
        assert!(matches!(&error, Error::BadField { row: 1, .. }), "{error}");
    }
}

#[test]
fn joined_bodies_hold_all_rows_in_order() {
    let (first, second) = (body(&[flat(0, 1.25), flat(1, 1.5)]), body(&[flat(1, 1.75), flat(2, 2.0)]));
    let bodies = ["[]", &first, " [ ]\n", &format!("\r\n{second} \n"), "[]"];
    let joined = parse(&join(&bodies).unwrap()).unwrap();
    let once = parse(body(&[flat(0, 1.25), flat(1, 1.5), flat(1, 1.75), flat(2, 2.0)]).as_bytes()).unwrap();
    assert_eq!(format!("{joined:?}"), format!("{once:?}"));
    assert_eq!(join::<&str>(&[]).unwrap(), b"[]");
    assert_eq!(join(&["[]", "[]"]).unwrap(), b"[]");
}

#[test]
fn a_body_that_is_not_whole_is_not_joined() {
    let whole = body(&[flat(0, 1.25), flat(1, 1.5)]);
    for cut in 0..whole.len() {
        let broken = &whole[..cut];
        assert!(join(&[broken, &whole]).is_err(), "{broken:?} first");
        assert!(join(&[&whole, broken]).is_err(), "{broken:?} last");
    }
    for odd in ["<html></html>", "{}", "Timestamp,Datetime,Open,High,Low,Close,Volume\n", "[],[]", "[1]", "[[]]"] {
        assert!(join(&[&whole, odd]).is_err(), "{odd}");
    }
}

//! Bodies → rows: every form a source is known to send, and every way it writes a time or nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is read is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::io::Write;

use bars_rows::{HOUR_S, LATER_S, START_S, body, flat, hourly, parsed, row};
use flate2::Compression;
use flate2::write::GzEncoder;
use mt5_sentinel::bars::{RawRows, clean, parse};

/// A body of one row: these time fields, then prices.
fn timed(fields: &str) -> String {
    format!(r#"[{{{fields},"open":1,"high":1,"low":1,"close":1,"volume":1}}]"#)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// The failure this project was started over: a frame with `timestamp` and `datetime` at once, and with rows that
/// repeat, died in `to_datetime` with "cannot assemble with duplicate keys". Here it is a body like any other.
#[test]
fn timestamp_and_datetime_with_duplicate_rows_cannot_assemble_with_duplicate_keys() {
    let both = |hour: i64, text: &str, close: &str| {
        format!(
            r#"{{"timestamp":{},"gmtoffset":0,"datetime":"{text}","open":1.01,"high":1.03,"low":1.0,"close":{close},"volume":null}}"#,
            START_S + hour * HOUR_S
        )
    };
    let rows = parsed(&body(&[
        both(0, "2022-08-09 00:00:00", "1.02"),
        both(1, "2022-08-09 01:00:00", "1.021"),
        both(1, "2022-08-09 01:00:00", "1.021"),
        both(0, "2022-08-09 00:00:00", "1.025"),
        both(2, "2022-08-09 02:00:00", "1.022"),
    ]));
    assert_eq!((rows.len(), rows.time_conflicts), (5, 0));
    let cleaned = clean(&rows, &hourly(LATER_S));
    assert_eq!(cleaned.bars.time(), [START_S, START_S + HOUR_S, START_S + 2 * HOUR_S]);
    assert_eq!(cleaned.bars.close(), [1.025, 1.021, 1.022]);
    assert_eq!((cleaned.report.dropped.duplicate_exact, cleaned.report.dropped.duplicate_revised), (1, 1));
}

#[test]
fn either_time_column_alone_is_enough_in_every_notation() {
    for fields in [
        r#""timestamp":1660003200"#,
        r#""timestamp":1660003200.0"#,
        r#""timestamp":1.6600032e9"#,
        r#""timestamp":1660003200000"#,
        r#""timestamp":"1660003200""#,
        r#""timestamp":"1660003200000""#,
        r#""timestamp":"2022-08-09T00:00:00Z""#,
        r#""time":1660003200"#,
        r#""Timestamp":1660003200"#,
        r#""datetime":"2022-08-09 00:00:00""#,
        r#""datetime":"2022-08-09T00:00:00""#,
        r#""datetime":"2022-08-09T00:00:00Z""#,
        r#""datetime":"2022-08-09T00:00:00.000Z""#,
        r#""datetime":"2022-08-09T02:00:00+02:00""#,
        r#""datetime":"2022-08-09T02:00:00+0200""#,
        r#""datetime":"2022-08-08T19:00:00-05""#,
        r#""datetime":"2022-08-09 02:00:00+02:00""#,
        r#""datetime":"2022-08-09 00:00:00Z""#,
        r#""datetime":"2022-08-09 00:00:00+00""#,
        r#""datetime":1660003200"#,
        r#""date":"2022-08-09""#,
        r#""gmtoffset":0,"datetime":"2022-08-09 00:00:00""#,
        r#""gmtoffset":null,"datetime":"2022-08-09 00:00:00""#,
        r#""timestamp":null,"datetime":"2022-08-09 00:00:00""#,
        r#""timestamp":1660003200,"datetime":null"#,
        r#""timestamp":1660003200,"datetime":"NA""#,
        r#""timestamp":1660003200,"gmtoffset":"NA","datetime":"2022-08-09 00:00:00""#,
    ] {
        let rows = parsed(&timed(fields));
        assert_eq!((rows.time[0], rows.is_null[0], rows.time_conflicts), (START_S, false, 0), "{fields}");
    }
}

#[test]
fn the_timestamp_wins_over_a_datetime_that_disagrees_and_it_is_counted() {
    let rows = parsed(&timed(r#""datetime":"2022-08-09 03:00:00","timestamp":1660003200"#));
    assert_eq!((rows.time[0], rows.time_conflicts), (START_S, 1));
    // With its offset the local time is explained, but it is not UTC: the timestamp is what counts.
    let local = parsed(&timed(r#""timestamp":1660003200,"gmtoffset":-14400,"datetime":"2022-08-08 20:00:00""#));
    assert_eq!((local.time[0], local.time_conflicts), (START_S, 1));
    assert_eq!(clean(&local, &hourly(LATER_S)).report.time_conflicts, 1);
}

#[test]
fn numeric_strings_are_numbers_and_na_is_nothing() {
    let rows = parsed(&body(&[row(0, "\"1.5\"", "\" 1.6 \"", "\"1.4\"", "\"1.55\"", "\"12\"")]));
    let price = (rows.open[0], rows.high[0], rows.low[0], rows.close[0], rows.volume[0]);
    assert_eq!((price, rows.is_null[0]), ((1.5, 1.6, 1.4, 1.55, 12.0), false));
    for absent in ["null", "\"NA\"", "\"N/A\"", "\"\"", "\"null\"", "\" \""] {
        let rows = parsed(&body(&[row(0, "1", "1", "1", absent, "1"), row(1, "1", "1", "1", "1", absent)]));
        assert_eq!(rows.is_null, [true, false], "a price is needed, a volume is not: {absent}");
        assert!(rows.close[0].is_nan() && rows.volume[1] == 0.0, "{absent}");
    }
}

#[test]
fn a_volume_may_be_absent_and_unknown_keys_may_hold_anything() {
    let extra = r#""note":{"a":[1,{"b":null}],"open":9},"list":[[],{}],"ok":true"#;
    let rows = parsed(&format!(r#"[{{{extra},"timestamp":1660003200,"open":1,"high":2,"low":0.5,"close":1.5}}]"#));
    assert_eq!((rows.open[0], rows.close[0], rows.volume[0], rows.is_null[0]), (1.0, 1.5, 0.0, false));
}

#[test]
fn a_price_is_the_nearest_f64_to_its_text() {
    for text in ["1.01913", "0.1", "1.7976931348623157e308", "123456789.123456789", "5e-324"] {
        assert_eq!(parsed(&body(&[row(0, "1", "1", "1", text, "0")])).close[0], text.parse::<f64>().unwrap());
    }
}

#[test]
fn a_field_given_twice_must_say_the_same_both_times() {
    let twice = |second: &str| parse(timed(&format!(r#""timestamp":1660003200,{second}"#)).as_bytes());
    assert_eq!(twice(r#""time":1660003200"#).unwrap().time, [START_S]);
    assert_eq!(twice(r#""timestamp":"2022-08-09T00:00:00Z""#).unwrap().time, [START_S]);
    for differs in [r#""time":1660006800"#, r#""close":1.5"#, r#""CLOSE":null"#] {
        let error = twice(differs).unwrap_err().to_string();
        assert!(error.starts_with("row 0, field `"), "{error}");
        assert!(error.contains("twice"), "{error}");
    }
}

const CSV: &str = "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume\n\
                   1660003200,0,\"2022-08-09 00:00:00\",1.1,1.2,1.0,1.15,8\n\
                   1660006800,0,\"2022-08-09 01:00:00\",1.15,1.25,1.05,NA,\n";

fn csv_rows() -> RawRows {
    parsed(CSV)
}

#[test]
fn csv_in_the_apis_layout() {
    let rows = csv_rows();
    assert_eq!((rows.time.as_slice(), rows.is_null.as_slice()), (&[START_S, START_S + HOUR_S][..], &[false, true][..]));
    assert_eq!((rows.open[0], rows.high[0], rows.low[0], rows.close[0]), (1.1, 1.2, 1.0, 1.15));
    assert_eq!((rows.volume.as_slice(), rows.time_conflicts), (&[8.0, 0.0][..], 0));
}

/// Rows as text: NaN of a null price is equal to itself there.
fn told(rows: &RawRows) -> String {
    format!("{rows:?}")
}

#[test]
fn the_dress_of_a_csv_does_not_matter() {
    let expected = told(&csv_rows());
    for (dress, text) in [
        ("byte order mark", format!("\u{feff}{CSV}")),
        ("CRLF", CSV.replace('\n', "\r\n")),
        ("no newline at the end", CSV.trim_end().to_owned()),
        ("semicolons", CSV.replace(',', ";")),
        ("tabs", CSV.replace(',', "\t")),
        ("blanks", CSV.replace('"', "").replace(',', " , ")),
        ("blank lines", CSV.replace('\n', "\n\n")),
        (
            "a column more",
            CSV.replace(",Open", ",Open,Exchange").replace(",1.1,", ",1.1,X,").replace(",1.15,1.25", ",1.15,X,1.25"),
        ),
        ("lower case and quotes", CSV.replacen("Timestamp,Gmtoffset", "\"timestamp\",\"gmtoffset\"", 1)),
    ] {
        assert_eq!(told(&parsed(&text)), expected, "{dress}");
    }
}

#[test]
fn the_ticks_of_a_terminal_dump_are_its_volume_unless_it_has_one() {
    let dump = ",time,open,high,low,close,tick_volume,spread,real_volume,data\n0,1660003200,1,1,1,1,20,8,5,x\n";
    assert_eq!(parsed(dump).volume, [20.0]);
    let both = "time,open,high,low,close,tick_volume,volume\n1660003200,1,1,1,1,20,30\n";
    assert_eq!(parsed(both).volume, [30.0]);
    let neither = "time,open,high,low,close\n1660003200,1,1,1,1\n";
    assert_eq!(parsed(neither).volume, [0.0]);
}

#[test]
fn gzip_of_either_form_and_in_several_members() {
    let json = body(&[flat(0, 1.1), flat(1, 1.2)]);
    assert_eq!(parse(&gzip(json.as_bytes())).unwrap(), parsed(&json));
    assert_eq!(told(&parse(&gzip(CSV.as_bytes())).unwrap()), told(&csv_rows()));
    let (first, second) = json.split_at(40);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    assert_eq!(parse(&members).unwrap(), parsed(&json));
}

#[test]
fn nothing_in_is_nothing_out_and_no_error() {
    for empty in ["[]", " [ ] \n", "\u{feff}[]", CSV.lines().next().unwrap(), "time,open,high,low,close\r\n"] {
        assert!(parsed(empty).is_empty(), "{empty:?}");
    }
}

#[test]
fn the_usual_interval_is_the_commonest_step_and_the_smallest_of_equally_common_ones() {
    let usual = |hours: &[i64]| {
        parsed(&body(&hours.iter().map(|hour| flat(*hour, 1.0)).collect::<Vec<_>>())).usual_interval_s()
    };
    assert_eq!(usual(&[]), None);
    assert_eq!(usual(&[0]), None);
    assert_eq!(usual(&[5, 5, 5]), None, "revisions of one bar are no step");
    assert_eq!(usual(&[0, 1, 2, 50, 51, 99]), Some(HOUR_S));
    assert_eq!(usual(&[3, 0, 2, 1]), Some(HOUR_S), "in any order");
    assert_eq!(usual(&[0, 1, 3]), Some(HOUR_S), "the other step is a gap");
}

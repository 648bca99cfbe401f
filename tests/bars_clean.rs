//! The gate, rule by rule: what is dropped under which name, what is repaired, what is only reported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is copied is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use bars_rows::{HOUR_S, LATER_S, START_S, body, cleaned, flat, hourly, parsed, row};
use mt5_sentinel::Error;
use mt5_sentinel::bars::{CleanReport, Dropped, RawRows, clean};

fn hours(count: i64) -> Vec<i64> {
    (0..count).map(|hour| START_S + hour * HOUR_S).collect()
}

#[test]
fn flawless_rows_pass_untouched() {
    let cleaned = cleaned(&[flat(0, 1.0), flat(1, 1.01), flat(2, 1.02)]);
    assert_eq!(cleaned.bars.time(), hours(3));
    assert_eq!(cleaned.bars.close(), [1.0, 1.01, 1.02]);
    assert_eq!(cleaned.bars.volume(), [7.0; 3]);
    assert_eq!(cleaned.report, CleanReport { rows: 3, bars: 3, ..CleanReport::default() });
    assert_eq!(cleaned.forming, None);
}

#[test]
fn the_last_revision_wins_wherever_it_stands() {
    let cleaned = cleaned(&[
        flat(1, 1.1),
        flat(0, 1.0),
        flat(2, 1.2),
        flat(0, 1.01),
        flat(1, 1.11),
        flat(0, 1.02),
        flat(0, 1.02),
    ]);
    assert_eq!(cleaned.bars.close(), [1.02, 1.11, 1.2]);
    let dropped = Dropped { duplicate_exact: 1, duplicate_revised: 3, ..Dropped::default() };
    assert_eq!((cleaned.report.dropped, cleaned.report.dropped.duplicate()), (dropped, 4));
    assert_eq!(cleaned.report.unsorted, 5, "all after the first but the one of hour 2");
}

#[test]
fn there_and_back_is_two_revisions() {
    let cleaned = cleaned(&[flat(0, 1.0), flat(0, 1.5), flat(0, 1.0)]);
    assert_eq!(cleaned.bars.close(), [1.0]);
    assert_eq!((cleaned.report.dropped.duplicate_exact, cleaned.report.dropped.duplicate_revised), (0, 2));
}

#[test]
fn a_null_or_impossible_last_revision_does_not_erase_a_valid_one() {
    let null = row(0, "null", "null", "null", "null", "null");
    let impossible = row(0, "1", "0.5", "1.5", "1", "1");
    let cleaned = cleaned(&[flat(0, 1.0), flat(0, 1.01), null, impossible]);
    assert_eq!(cleaned.bars.close(), [1.01]);
    let dropped = Dropped { duplicate_exact: 0, duplicate_revised: 1, null: 1, invalid: 1, forming: 0 };
    assert_eq!(cleaned.report.dropped, dropped);
}

#[test]
fn a_null_price_drops_the_row_and_a_null_volume_does_not() {
    for field in 0..4 {
        let mut prices = ["1"; 4];
        prices[field] = "null";
        let cleaned = cleaned(&[flat(0, 1.0), row(1, prices[0], prices[1], prices[2], prices[3], "1"), flat(2, 1.0)]);
        assert_eq!((cleaned.bars.len(), cleaned.report.dropped.null), (2, 1), "price {field}");
        assert_eq!(cleaned.report.gaps, 1, "and leaves a gap");
    }
    let cleaned = cleaned(&[row(0, "1", "1", "1", "1", "null")]);
    assert_eq!((cleaned.bars.volume(), cleaned.report.dropped), (&[0.0][..], Dropped::default()));
}

#[test]
fn impossible_rows_are_dropped_each_for_its_cause() {
    let good = flat(0, 1.0);
    for (cause, text) in [
        ("high below low", row(1, "1", "0.9", "1.1", "1", "1")),
        ("zero open", row(1, "0", "1", "1", "1", "1")),
        ("zero low", row(1, "1", "1", "0", "1", "1")),
        ("negative high", row(1, "1", "-1", "-2", "1", "1")),
        ("negative close", row(1, "1", "1", "1", "-1", "1")),
        ("endless high", row(1, "1", "\"inf\"", "1", "1", "1")),
        ("close not a number", row(1, "1", "1", "1", "\"nan\"", "1")),
        ("negative volume", row(1, "1", "1", "1", "1", "-1")),
        ("endless volume", row(1, "1", "1", "1", "1", "\"inf\"")),
        ("volume not a number", row(1, "1", "1", "1", "1", "\"nan\"")),
        ("before 1971", good.replace(&START_S.to_string(), "31535999")),
        ("time zero", good.replace(&START_S.to_string(), "0")),
        ("negative time", good.replace(&START_S.to_string(), "-3600")),
        ("in 2100", good.replace(&START_S.to_string(), "4102444800")),
    ] {
        let report = cleaned(&[good.clone(), text]).report;
        assert_eq!((report.rows, report.bars, report.dropped.invalid), (2, 1, 1), "{cause}");
        assert_eq!((report.gaps, report.unsorted), (0, 0), "{cause}: what is dropped has no neighbours");
    }
}

#[test]
fn high_and_low_are_widened_to_hold_open_and_close() {
    let cleaned = cleaned(&[
        row(0, "1.30", "1.2", "1.1", "1.15", "1"),
        row(1, "1.15", "1.2", "1.1", "1.05", "1"),
        row(2, "1.0", "1.2", "1.1", "1.3", "1"),
        row(3, "1.15", "1.2", "1.1", "1.2", "1"),
    ]);
    assert_eq!(cleaned.bars.high(), [1.3, 1.2, 1.3, 1.2]);
    assert_eq!(cleaned.bars.low(), [1.1, 1.05, 1.0, 1.1]);
    assert_eq!(cleaned.bars.open(), [1.3, 1.15, 1.0, 1.15]);
    assert_eq!((cleaned.report.repaired, cleaned.report.dropped), (3, Dropped::default()));
}

#[test]
fn jumps_are_reported_and_kept() {
    let rows = parsed(&body(&[flat(0, 1.0), flat(1, 1.05), flat(2, 1.2), flat(3, 1.0), flat(4, 1.0)]));
    let jumps = |jump_ratio: f64| {
        let cleaned = clean(&rows, &mt5_sentinel::bars::Hygiene { jump_ratio, ..hourly(LATER_S) });
        assert_eq!(cleaned.bars.len(), 5);
        cleaned.report.jumps
    };
    assert_eq!(jumps(0.06), 2, "up 14 % and down 17 %");
    assert_eq!(jumps(0.0), 3);
    assert_eq!(jumps(0.5), 0);
}

#[test]
fn gaps_are_counted_and_no_bar_is_invented() {
    let cleaned = cleaned(&[flat(0, 1.0), flat(1, 1.0), flat(4, 1.0), flat(5, 1.0), flat(54, 1.0)]);
    let kept: Vec<i64> = cleaned.bars.time().iter().map(|time| (time - START_S) / HOUR_S).collect();
    assert_eq!((kept, cleaned.report.gaps), (vec![0, 1, 4, 5, 54], 2));
    assert_eq!(cleaned.report.dropped, Dropped::default());
}

#[test]
fn a_bar_is_closed_when_its_interval_is_over_to_the_second() {
    let rows = parsed(&body(&[flat(0, 1.0), flat(1, 1.1), flat(2, 1.2)]));
    let close_of_1 = START_S + 2 * HOUR_S;
    for (now, closed, forming) in [
        (close_of_1, 2, Some(1.2)),
        (close_of_1 - 1, 1, Some(1.1)),
        (close_of_1 + HOUR_S - 1, 2, Some(1.2)),
        (close_of_1 + HOUR_S, 3, None),
        (START_S, 0, Some(1.0)),
        (START_S - 1, 0, None),
    ] {
        let cleaned = clean(&rows, &hourly(now));
        let price = cleaned.forming.map(|bar| bar.close);
        assert_eq!((cleaned.bars.len(), price, cleaned.report.dropped.forming), (closed, forming, 3 - closed), "{now}");
    }
}

#[test]
fn a_bar_of_the_future_is_never_the_newest_price() {
    let cleaned = clean(
        &parsed(&body(&[flat(0, 1.0), flat(1, 1.1), flat(2, 1.2), flat(3, 9.0), flat(500, 99.0)])),
        &hourly(START_S + 2 * HOUR_S + 60),
    );
    assert_eq!(cleaned.forming.map(|bar| bar.close), Some(1.2));
    assert_eq!((cleaned.bars.len(), cleaned.report.dropped.forming), (2, 3));
    assert_eq!(cleaned.report.jumps, 1, "only closed bars are compared");
}

#[test]
fn the_forming_bar_is_its_last_revision() {
    let rows = parsed(&body(&[flat(1, 1.1), flat(0, 1.0), flat(1, 1.2)]));
    let cleaned = clean(&rows, &hourly(START_S + HOUR_S));
    assert_eq!(cleaned.forming.map(|bar| bar.close), Some(1.2));
    assert_eq!(cleaned.report.dropped, Dropped { duplicate_revised: 1, forming: 1, ..Dropped::default() });
}

#[test]
fn an_endless_interval_closes_nothing() {
    let rows = parsed(&body(&[flat(0, 1.0)]));
    let endless = mt5_sentinel::bars::Hygiene { interval_s: i64::MAX, ..hourly(LATER_S) };
    assert!(clean(&rows, &endless).bars.is_empty());
}

#[test]
fn no_bar_left_is_an_error_on_request_only() {
    for (text, rows) in [("[]".to_owned(), 0), (body(&[row(0, "null", "1", "1", "1", "1")]), 1)] {
        let cleaned = clean(&parsed(&text), &hourly(LATER_S));
        assert_eq!((cleaned.bars.len(), cleaned.report.rows), (0, rows));
        assert_eq!(cleaned.usable(&hourly(LATER_S)), Err(Error::NoBars { rows }));
    }
    assert!(cleaned(&[flat(0, 1.0)]).usable(&hourly(LATER_S)).is_ok());
    assert_eq!(clean(&RawRows::default(), &hourly(LATER_S)).report, CleanReport::default());
}

#[test]
fn bars_of_another_interval_are_refused() {
    let rows: Vec<String> = (0..20).map(|i| flat(i, 1.0)).collect();
    let hour = cleaned(&rows);
    assert!(hour.clone().usable(&hourly(LATER_S)).is_ok());
    let mut mixed = rows.clone();
    let half_past = START_S + 19 * HOUR_S + 1800;
    mixed.push(format!(r#"{{"timestamp":{half_past},"open":1,"high":1,"low":1,"close":1,"volume":1}}"#));
    let error = Err(Error::WrongInterval { found_s: 1800, expected_s: HOUR_S });
    assert_eq!(clean(&parsed(&body(&mixed)), &hourly(LATER_S)).usable(&hourly(LATER_S)), error);
    for expected_s in [HOUR_S / 12, HOUR_S * 24] {
        let other = mt5_sentinel::bars::Hygiene { interval_s: expected_s, ..hourly(LATER_S) };
        let error = Err(Error::WrongInterval { found_s: HOUR_S, expected_s });
        assert_eq!(clean(&parsed(&body(&rows)), &other).usable(&other), error);
    }
}

fn newest_price(cleaned: &mt5_sentinel::bars::Cleaned) -> Result<f64, Error> {
    cleaned.checked_price(cleaned.last_price()?, 0.05)
}

#[test]
fn one_bad_tick_of_the_forming_bar_is_no_price() {
    for (tick, is_price) in [(1.04, true), (0.96, true), (1.06, false), (10.0, false), (1e-5, false)] {
        let forming = row(1, "1", &tick.to_string(), "0.000001", &tick.to_string(), "1");
        let cleaned = clean(&parsed(&body(&[flat(0, 1.0), forming])), &hourly(START_S + HOUR_S + 58));
        match newest_price(&cleaned) {
            Ok(price) => assert!(is_price && price == tick, "{tick}"),
            Err(error) => assert_eq!((is_price, error), (false, Error::PriceJump { price: tick, close: 1.0 })),
        }
    }
    assert_eq!(newest_price(&cleaned(&[flat(0, 1.0)])), Ok(1.0), "without a forming bar, the newest close");
}

#[test]
fn a_bad_last_tick_of_a_closed_bar_is_no_price_either() {
    let jumped = cleaned(&[flat(0, 1.0), flat(1, 10.0)]);
    assert_eq!(jumped.report.jumps, 1, "it is reported");
    assert_eq!(jumped.bars.len(), 2, "and not dropped");
    assert_eq!(newest_price(&jumped), Err(Error::PriceJump { price: 10.0, close: 1.0 }));
}

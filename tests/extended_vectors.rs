//! Wilder's index against the table that `ChartSchool` publishes, to its two decimals.
//!
//! The table lies beside the repository and not in it; without it the test says so and passes, unless
//! `SENTINEL_REQUIRE_SHARED=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::fs::File;

use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{Selection, batch_selected};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/vectors/chartschool_rsi14_wilder.csv");

#[test]
fn the_published_table_of_wilders_index() {
    let Ok(file) = File::open(TABLE) else {
        assert!(std::env::var("SENTINEL_REQUIRE_SHARED").as_deref() != Ok("1"), "the table is not there");
        eprintln!("SKIPPED the_published_table_of_wilders_index: ../shared/data not there");
        return;
    };
    let (mut closes, mut published) = (Vec::new(), Vec::new());
    for record in csv::Reader::from_reader(file).records() {
        let record = record.unwrap();
        closes.push(record[0].parse::<f64>().unwrap());
        published.push(record[1].parse::<f64>().ok());
    }
    let times = (1..).map(|hour| 3_600 * hour).take(closes.len()).collect();
    let [open, high, low] = [0; 3].map(|_| closes.clone());
    let none = vec![0.0; closes.len()];
    let bars = Bars::from_columns(times, open, high, low, closes, none).unwrap();
    let table = batch_selected(&bars, &Selection::named(&["rsi_wilder_14"]).unwrap()).unwrap();
    assert_eq!(published.iter().flatten().count(), 19);
    for (bar, published) in published.iter().enumerate() {
        let value = table[[bar, 0]];
        match published {
            Some(published) => assert!((value - published).abs() <= 0.005 + 1e-9, "bar {bar}: {value} {published}"),
            None => assert!(value.is_nan(), "bar {bar}: {value}"),
        }
    }
}

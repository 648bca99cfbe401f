//! The contract's vectors: 500 hourly bars of GBPUSD and their exact columns, computed elsewhere.
//!
//! The data lie beside the repository and not in it; without them the test says so and passes, unless
//! `SENTINEL_REQUIRE_SHARED=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a skipped test must be seen, and how close the others came"
)]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/double_double.rs"]
mod double_double;
#[path = "support/feature_reference.rs"]
mod feature_reference;
#[path = "support/feature_tolerance.rs"]
mod feature_tolerance;

use std::fs::File;
use std::io::Read;

use flate2::read::GzDecoder;
use mt5_sentinel::bars::{Bars, Hygiene, clean, parse};
use mt5_sentinel::features::{CATALOGUE, batch};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
const VECTOR_ROWS: usize = 500;

/// Opens a shared file, or says that the test is skipped.
fn shared(test: &str, path: &str) -> Option<File> {
    let file = File::open(format!("{SHARED}/{path}")).ok();
    if file.is_none() {
        assert!(
            std::env::var("SENTINEL_REQUIRE_SHARED").as_deref() != Ok("1"),
            "{test}: ../shared/data/{path} not there"
        );
        eprintln!("SKIPPED {test}: ../shared/data not there");
    }
    file
}

fn read_bars(body: impl Read, rows: usize) -> Bars {
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut time = Vec::new();
    for record in csv::Reader::from_reader(body).records().take(rows) {
        let record = record.unwrap();
        time.push(record[0].parse().unwrap());
        for (column, field) in columns.iter_mut().zip(record.iter().skip(1)) {
            column.push(field.parse().unwrap());
        }
    }
    let [open, high, low, close, volume] = columns;
    Bars::from_columns(time, open, high, low, close, volume).unwrap()
}

#[test]
fn the_contracts_vectors() {
    let test = "the_contracts_vectors";
    let Some(bars) = shared(test, "bars/GBPUSD_1h_2015_2022.csv.gz") else { return };
    let Some(vectors) = shared(test, "vectors/features_GBPUSD_1h_first_500.csv") else { return };
    let bars = read_bars(GzDecoder::new(bars), VECTOR_ROWS);
    let table = batch(&bars);
    let mut reader = csv::Reader::from_reader(vectors);
    let header: Vec<String> = reader.headers().unwrap().iter().skip(1).map(str::to_owned).collect();
    assert_eq!(header, CATALOGUE.map(|spec| spec.name));
    let (mut checked, mut beyond) = (0, Vec::new());
    for (bar, record) in reader.records().enumerate() {
        let record = record.unwrap();
        assert_eq!(record[0].parse::<i64>().unwrap(), bars.time()[bar]);
        for (column, spec) in CATALOGUE.iter().enumerate() {
            let value = table[[bar, column]];
            if record[column + 1].is_empty() {
                assert!(value.is_nan(), "{}[{bar}] is {value}, the vector has none", spec.name);
                continue;
            }
            let exact = record[column + 1].parse().unwrap();
            let share = feature_tolerance::share_of_allowance(spec.name, value, (exact, 0.0), bars.close()[bar]);
            if share.is_nan() || share > 1.0 {
                beyond.push(format!("{}[{bar}] is {value}, exactly {exact}: {share}", spec.name));
            }
            checked += 1;
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
    let warm_up: usize = CATALOGUE.iter().map(|spec| spec.first_finite).sum();
    assert_eq!(checked, VECTOR_ROWS * CATALOGUE.len() - warm_up);
}

/// Every bar of every file, as cleaning leaves them.
#[test]
fn years_of_real_bars() {
    for (file, at_least) in [
        ("AUDUSD_1h_2015_2022", 40_000),
        ("EURUSD_1h_2017_2023", 30_000),
        ("EURUSD_1h_dukascopy_ask_2017", 5_000),
        ("GBPUSD_1h_2015_2022", 40_000),
        ("USDJPY_1h_2015_2022", 40_000),
    ] {
        let Some(mut body) = shared("years_of_real_bars", &format!("bars/{file}.csv.gz")) else { return };
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).unwrap();
        let hygiene = Hygiene { interval_s: 3_600, now_s: 1_760_000_000, jump_ratio: 0.05 };
        let bars = clean(&parse(&bytes).unwrap(), &hygiene).bars;
        assert!(bars.len() > at_least, "{file}: {}", bars.len());
        feature_tolerance::assert_exact(file, &bars, 0);
    }
}

//! The gate's promises over seeded disorder: whatever comes, they hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is copied is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "support tells of skipped tests")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::collections::BTreeMap;

use bars_rows::{HOUR_S, START_S, body, hourly, parsed, row};
use mt5_sentinel::bars::{Bar, Bars, Cleaned, RawRows, clean};

/// A linear congruential generator: the same disorder in every run (Knuth's MMIX constants).
struct Lcg(u64);

impl Lcg {
    /// A whole number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn hour(&mut self) -> i64 {
        i64::try_from(self.below(60)).unwrap()
    }

    /// A price between 1.000 and 1.199 as text.
    fn price(&mut self) -> String {
        format!("1.{:03}", self.below(200))
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, usize::try_from(self.below(last as u64 + 1)).unwrap());
        }
    }

    /// A row that is flawless, to be repaired, null or impossible.
    fn row(&mut self, hour: i64) -> String {
        let [open, close] = [self.price(), self.price()];
        match self.below(10) {
            0 => row(hour, "null", "null", "null", "null", "null"),
            1 => row(hour, &open, "\"NA\"", "1", &close, "5"),
            2 => row(hour, &open, "1", "1.2", &close, "5"),
            3 => row(hour, &open, "1.2", "-1", &close, "5"),
            4 => row(hour, &open, "1.1", "1.1", &close, "null"),
            _ => row(hour, &open, "1.2", "1", &close, &self.below(3).to_string()),
        }
    }

    /// Rows of hours 0-59 in any order, of which some come again, the same or revised.
    fn disorder(&mut self) -> Vec<String> {
        let mut rows: Vec<String> = Vec::new();
        for _ in 0..self.below(120) {
            let again = usize::try_from(self.below(200)).unwrap();
            let text = rows.get(again).cloned().unwrap_or_else(|| {
                let hour = self.hour();
                self.row(hour)
            });
            rows.push(text);
        }
        rows
    }
}

/// The rows of clean bars.
fn rows_of(bars: &Bars) -> RawRows {
    RawRows {
        time: bars.time().to_vec(),
        open: bars.open().to_vec(),
        high: bars.high().to_vec(),
        low: bars.low().to_vec(),
        close: bars.close().to_vec(),
        volume: bars.volume().to_vec(),
        is_null: vec![false; bars.len()],
        time_conflicts: 0,
        is_of_terminal: false,
    }
}

/// What is to come out, found another way: a map from open time to the last possible row, widened by sorting.
fn expected(rows: &RawRows, now_s: i64) -> Vec<Bar> {
    let mut last = BTreeMap::new();
    for i in 0..rows.len() {
        let prices = [rows.open[i], rows.high[i], rows.low[i], rows.close[i]];
        if prices.iter().all(|price| *price > 0.0) && rows.high[i] >= rows.low[i] {
            last.insert(rows.time[i], (prices, rows.volume[i]));
        }
    }
    let closed = last.range(..=now_s - HOUR_S);
    closed
        .map(|(time, (prices, volume))| {
            let mut sorted = *prices;
            sorted.sort_by(f64::total_cmp);
            let [open, _, _, close] = *prices;
            Bar { time: *time, open, high: sorted[3], low: sorted[0], close, volume: *volume }
        })
        .collect()
}

fn assert_promises(cleaned: &Cleaned, rows: &RawRows, now_s: i64, seed: u64) {
    let (bars, report) = (&cleaned.bars, &cleaned.report);
    let dropped = &report.dropped;
    let sum = dropped.duplicate_exact + dropped.duplicate_revised + dropped.null + dropped.invalid + dropped.forming;
    assert_eq!((report.rows, report.bars), (rows.len(), bars.len()), "seed {seed}");
    assert_eq!(report.rows, report.bars + sum, "seed {seed}: every row is accounted for once");
    assert!(bars.time().windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: sorted, each time once");
    assert!(bars.iter().all(|bar| bar.time + HOUR_S <= now_s), "seed {seed}: closed");
    let holds = |bar: Bar| bar.low <= bar.open.min(bar.close) && bar.open.max(bar.close) <= bar.high;
    assert!(bars.iter().all(|bar| bar.is_possible() && holds(bar)), "seed {seed}: possible");
    assert_eq!(bars.iter().collect::<Vec<_>>(), expected(rows, now_s), "seed {seed}");
    if let Some(forming) = cleaned.forming {
        assert!(forming.time <= now_s && now_s < forming.time + HOUR_S, "seed {seed}: open at this moment");
    }
}

#[test]
fn whatever_comes_is_accounted_for_sorted_closed_and_possible() {
    let (mut bars, mut dropped, mut repaired, mut unsorted) = (0, [0; 5], 0, 0);
    for seed in 0..500 {
        let mut chance = Lcg(seed);
        let rows = parsed(&body(&chance.disorder()));
        let now_s = START_S + chance.hour() * HOUR_S + chance.hour() * 60;
        let cleaned = clean(&rows, &hourly(now_s));
        assert_promises(&cleaned, &rows, now_s, seed);
        let causes = cleaned.report.dropped;
        bars += cleaned.report.bars;
        repaired += cleaned.report.repaired;
        unsorted += cleaned.report.unsorted;
        let counts = [causes.duplicate_exact, causes.duplicate_revised, causes.null, causes.invalid, causes.forming];
        dropped.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let reached = [bars, repaired, unsorted].iter().chain(&dropped).all(|count| *count > 100);
    assert!(reached, "the disorder must reach every cause: {bars} {repaired} {unsorted} {dropped:?}");
}

#[test]
fn cleaning_clean_bars_changes_nothing() {
    for seed in 0..200 {
        let mut chance = Lcg(seed);
        let now = hourly(START_S + 100 * HOUR_S);
        let once = clean(&parsed(&body(&chance.disorder())), &now);
        let twice = clean(&rows_of(&once.bars), &now);
        assert_eq!(twice.bars, once.bars, "seed {seed}");
        let (before, after) = (once.report, twice.report);
        assert_eq!((after.rows, after.bars), (before.bars, before.bars), "seed {seed}");
        assert_eq!((after.gaps, after.jumps), (before.gaps, before.jumps), "seed {seed}");
        assert_eq!((after.repaired, after.unsorted), (0, 0), "seed {seed}");
    }
}

#[test]
fn without_duplicates_the_order_of_rows_does_not_matter() {
    for seed in 0..200 {
        let mut chance = Lcg(seed);
        let now = hourly(START_S + 50 * HOUR_S);
        let mut rows: Vec<String> = (0..60).map(|hour| chance.row(hour)).collect();
        let sorted = clean(&parsed(&body(&rows)), &now);
        chance.shuffle(&mut rows);
        let mut shuffled = clean(&parsed(&body(&rows)), &now);
        assert!(shuffled.report.unsorted > 0);
        shuffled.report.unsorted = 0;
        assert_eq!(shuffled, sorted, "seed {seed}");
    }
}

#[test]
fn a_row_that_is_dropped_as_null_or_impossible_might_as_well_not_have_come() {
    for seed in 0..200 {
        let rows = Lcg(seed).disorder();
        let now = hourly(START_S + 30 * HOUR_S);
        let whole = clean(&parsed(&body(&rows)), &now);
        let is_kept = |text: &&String| {
            let alone = clean(&parsed(&body(std::slice::from_ref(*text))), &hourly(START_S + 100 * HOUR_S));
            alone.bars.len() == 1
        };
        let kept: Vec<String> = rows.iter().filter(is_kept).cloned().collect();
        let part = clean(&parsed(&body(&kept)), &now);
        assert_eq!((part.bars, part.forming), (whole.bars, whole.forming), "seed {seed}");
        assert_eq!(part.report.dropped.duplicate(), whole.report.dropped.duplicate(), "seed {seed}");
    }
}

/// The look at all rows in one go and the look at one bar agree, on every value that could tell them apart.
#[test]
fn columns_are_refused_exactly_when_a_bar_is_unsound() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        -1.0,
        1e-101,
        1e-100,
        1e100,
        1e101,
        5e-324,
        0.9,
        1.0,
        1.1,
        1.2,
        1.3,
    ];
    let (mut refused, mut taken) = (0, 0);
    for field in 0..5 {
        for first in odd {
            for other in 0..5 {
                for second in odd {
                    let mut values = [1.1, 1.2, 1.0, 1.1, 5.0];
                    values[field] = first;
                    values[other] = second;
                    let [open, high, low, close, volume] = values;
                    let bar = Bar { time: 3_600, open, high, low, close, volume };
                    let column = |usual: f64, odd: f64| vec![usual, odd, usual];
                    let bars = Bars::from_columns(
                        vec![0, 3_600, 7_200],
                        column(1.1, open),
                        column(1.2, high),
                        column(1.0, low),
                        column(1.1, close),
                        column(5.0, volume),
                    );
                    assert_eq!(bars.is_ok(), bar.is_sound(), "{bar:?}: {bars:?}");
                    assert_eq!(bar.fault().is_none(), bar.is_sound(), "{bar:?}");
                    if bars.is_ok() { taken += 1 } else { refused += 1 }
                }
            }
        }
    }
    assert!(taken > 100 && refused > 1_000, "{taken} taken, {refused} refused");
}

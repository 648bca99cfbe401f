//! The gate: rows as they came → bars a decision may rest on. Every row that does not pass is counted by its cause.
//!
//! Order matters and is part of the promise: drop null rows, drop impossible rows, sort by open time, **deduplicate by
//! open time (the last revision wins)**, drop the bars still forming, widen high/low. All of it happens on integer
//! seconds, before any calendar value is assembled. Gaps stay gaps: no bar is ever invented.

use std::sync::Arc;

use super::calendar::Calendar;
use super::rows::{RawRows, usual_step};
use super::time::{EARLIEST_S, LATEST_S};
use super::{Bar, Bars};
use crate::{Error, Result};

/// What the gate needs to know beyond the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hygiene {
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// The moment of asking, UTC seconds; a bar is closed when open + interval ≤ now.
    pub now_s: i64,
    /// A close further than this from the one before, as a ratio, is reported as a jump (never dropped).
    pub jump_ratio: f64,
}

/// Rows dropped, by cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Rows that repeat the row before them of the same open time.
    pub duplicate_exact: usize,
    /// Rows that were revised by a later row of the same open time.
    pub duplicate_revised: usize,
    /// Without time or without one of the four prices.
    pub null: usize,
    /// Not finite, not positive, high below low, negative volume, or a time outside 1971-2100.
    pub invalid: usize,
    /// Not closed yet at `now_s`.
    pub forming: usize,
}

impl Dropped {
    /// Rows superseded by a later row of the same open time.
    #[must_use]
    pub fn duplicate(&self) -> usize {
        self.duplicate_exact + self.duplicate_revised
    }
}

/// What cleaning did; `rows = bars + dropped`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CleanReport {
    /// Rows that came.
    pub rows: usize,
    /// Bars that are left.
    pub bars: usize,
    /// Rows that are not left, by cause.
    pub dropped: Dropped,
    /// Bars of those left whose high or low was widened to hold open and close.
    pub repaired: usize,
    /// Places where a bar opens more than one interval after the one before (weekends included).
    pub gaps: usize,
    /// Places where the close moved by more than `jump_ratio`.
    pub jumps: usize,
    /// Valid rows that came after a row with a later open time.
    pub unsorted: usize,
    /// Rows whose `timestamp` and `datetime` disagree (`timestamp` was taken).
    pub time_conflicts: usize,
}

/// Clean bars, the bar still forming, and the account of what happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cleaned {
    /// Closed bars, oldest first.
    pub bars: Arc<Bars>,
    /// The bar that is open at `now_s`: its close is the newest price known. Never a feature, never a signal.
    pub forming: Option<Bar>,
    /// Counts by cause.
    pub report: CleanReport,
}

/// Rows whose two times disagree are taken by their `timestamp` as long as they are fewer than one in so many.
const CONFLICTS_ONE_IN: usize = 10;

/// Fewer bars than this do not show what interval they are of.
const TELLING_BARS: usize = 10;

impl Cleaned {
    /// Refuses a result that nothing can rest on.
    ///
    /// # Errors
    /// [`Error::NoBars`] when no closed bar is left; [`Error::WrongInterval`] when most bars lie another interval
    /// apart than was asked for, or some of the newest lie nearer to each other.
    pub fn usable(self, hygiene: &Hygiene) -> Result<Self> {
        if self.bars.is_empty() {
            return Err(Error::NoBars { rows: self.report.rows });
        }
        let time = self.bars.time();
        let newest = &time[time.len().saturating_sub(TELLING_BARS)..];
        if let Some(found_s) = newest.windows(2).map(|pair| pair[1] - pair[0]).find(|step| *step < hygiene.interval_s) {
            return Err(Error::WrongInterval { found_s, expected_s: hygiene.interval_s });
        }
        match usual_step(time) {
            Some(found_s) if self.bars.len() >= TELLING_BARS && found_s != hygiene.interval_s => {
                Err(Error::WrongInterval { found_s, expected_s: hygiene.interval_s })
            }
            _ => Ok(self),
        }
    }

    /// Refuses rows of a live source whose times cannot be trusted with money.
    ///
    /// # Errors
    /// [`Error::BadTimes`] when the two times of one row in ten or more disagree, or the newest bar does not open on the
    /// interval's UTC grid.
    pub fn check_times(&self, interval_s: i64) -> Result<()> {
        let (rows, conflicts) = (self.report.rows, self.report.time_conflicts);
        if conflicts * CONFLICTS_ONE_IN >= rows && conflicts > 0 {
            let problem = format!("`timestamp` and `datetime` of {conflicts} of {rows} rows disagree");
            return Err(Error::BadTimes { problem });
        }
        match self.bars.last() {
            Some(bar) if bar.time.rem_euclid(interval_s.max(1)) != 0 => {
                let opened = super::time::to_text(bar.time);
                let problem = format!("the newest opens at {opened} UTC, which is off the grid of {interval_s} s");
                Err(Error::BadTimes { problem })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a history with holes in the newest `slots` slots of open hours.
    ///
    /// # Errors
    /// [`Error::Holes`] when more than `share_max` of them lack a bar.
    pub fn check_holes(&self, interval_s: i64, calendar: &Calendar, slots: i64, share_max: f64) -> Result<()> {
        let Some(newest) = self.bars.last() else { return Ok(()) };
        let from_s = calendar.slots_back(newest.time, interval_s, slots - 1);
        let first = self.bars.time().partition_point(|time| *time < from_s);
        let times = &self.bars.time()[first..];
        let begun_s = times.first().copied().unwrap_or(newest.time);
        // A history that begins within the stretch is short, which is told apart.
        let before = if first > 0 { calendar.slots_between(from_s - 1, begun_s, interval_s) } else { 0 };
        let missing = before + missing_between(times, interval_s, calendar);
        #[allow(clippy::cast_possible_truncation, reason = "a share of a few thousand slots")]
        let allowed = (slots as f64 * share_max) as i64;
        if missing > allowed { Err(Error::Holes { missing, slots, allowed }) } else { Ok(()) }
    }

    /// Bars that are missing between the first and the last: slots in which the market traded, and that have none.
    #[must_use]
    pub fn missing_count(&self, interval_s: i64, calendar: &Calendar) -> i64 {
        missing_between(self.bars.time(), interval_s, calendar)
    }

    /// The newest price: the close of the bar still forming, else of the newest closed bar.
    ///
    /// # Errors
    /// [`Error::NoBars`] without a closed bar.
    pub fn last_price(&self) -> Result<f64> {
        let newest = self.bars.last().ok_or(Error::NoBars { rows: self.report.rows })?;
        Ok(self.forming.map_or(newest.close, |bar| bar.close))
    }

    /// Takes a price to trade at.
    ///
    /// # Errors
    /// [`Error::PriceJump`] when it is not a price at all or further than `jump_ratio` from the newest close, or the
    /// newest close is that far from the one before: one bad tick must not fill an order. [`Error::NoBars`] without a
    /// closed bar.
    pub fn checked_price(&self, price: f64, jump_ratio: f64) -> Result<f64> {
        let close = self.bars.last().ok_or(Error::NoBars { rows: self.report.rows })?.close;
        let before = self.bars.close().iter().rev().nth(1).copied().unwrap_or(close);
        let is_near = |a: f64, b: f64| (a / b - 1.0).abs() <= jump_ratio;
        match (is_near(price, close), is_near(close, before)) {
            (true, true) => Ok(price),
            (false, _) => Err(Error::PriceJump { price, close }),
            (true, false) => Err(Error::PriceJump { price: close, close: before }),
        }
    }
}

/// Slots between sorted open times in which the market traded, and that have no bar.
fn missing_between(times: &[i64], interval_s: i64, calendar: &Calendar) -> i64 {
    let gaps = times.windows(2).filter(|pair| pair[1] - pair[0] > interval_s);
    gaps.map(|pair| calendar.slots_between(pair[0], pair[1], interval_s)).sum()
}

/// Cleans rows into closed bars; see the module for the order of steps.
#[must_use]
pub fn clean(rows: &RawRows, hygiene: &Hygiene) -> Cleaned {
    let mut report = CleanReport { rows: rows.len(), time_conflicts: rows.time_conflicts, ..CleanReport::default() };
    let mut bars = possible(rows, &mut report);
    report.unsorted = count_unsorted(&bars);
    bars.sort_by_key(|bar| bar.time); // stable: revisions of one open time stay in the order they came
    let mut bars = last_revisions(&bars, &mut report.dropped);
    let closed = bars.partition_point(|bar| bar.time.saturating_add(hygiene.interval_s) <= hygiene.now_s);
    let open_now: Vec<Bar> = bars.drain(closed..).collect();
    report.dropped.forming = open_now.len();
    let forming = open_now.into_iter().take_while(|bar| bar.time <= hygiene.now_s).last();
    report.repaired = bars.iter_mut().map(widen).filter(|widened| *widened).count();
    report.gaps = bars.windows(2).filter(|pair| pair[1].time - pair[0].time > hygiene.interval_s).count();
    let jumped = |pair: &&[Bar]| (pair[1].close / pair[0].close - 1.0).abs() > hygiene.jump_ratio;
    report.jumps = bars.windows(2).filter(jumped).count();
    report.bars = bars.len();
    Cleaned { bars: Arc::new(Bars::from_clean(&bars)), forming, report }
}

fn possible(rows: &RawRows, report: &mut CleanReport) -> Vec<Bar> {
    let mut bars = Vec::with_capacity(rows.len());
    for i in 0..rows.len() {
        let bar = Bar {
            time: rows.time[i],
            open: rows.open[i],
            high: rows.high[i],
            low: rows.low[i],
            close: rows.close[i],
            volume: rows.volume[i],
        };
        if rows.is_null[i] {
            report.dropped.null += 1;
        } else if !bar.is_possible() || !(EARLIEST_S..LATEST_S).contains(&bar.time) {
            report.dropped.invalid += 1;
        } else {
            bars.push(bar);
        }
    }
    bars
}

fn count_unsorted(bars: &[Bar]) -> usize {
    let mut newest = i64::MIN;
    let mut late = 0;
    for bar in bars {
        late += usize::from(bar.time < newest);
        newest = newest.max(bar.time);
    }
    late
}

fn last_revisions(sorted: &[Bar], dropped: &mut Dropped) -> Vec<Bar> {
    let mut kept = Vec::with_capacity(sorted.len());
    for revisions in sorted.chunk_by(|a, b| a.time == b.time) {
        let exact = revisions.windows(2).filter(|pair| pair[0] == pair[1]).count();
        dropped.duplicate_exact += exact;
        dropped.duplicate_revised += revisions.len() - 1 - exact;
        kept.extend(revisions.last());
    }
    kept
}

/// Widens high and low to hold open and close; says whether it had to.
fn widen(bar: &mut Bar) -> bool {
    let high = bar.high.max(bar.open).max(bar.close);
    let low = bar.low.min(bar.open).min(bar.close);
    let widened = high > bar.high || low < bar.low;
    (bar.high, bar.low) = (high, low);
    widened
}

//! Recorded bars played as if it were now: what price there is at a moment is a function of the moment alone.

use crate::bars::{Bar, Bars};
use crate::trade::{Quote, QuoteSide, SymbolFacts};
use crate::{Error, Result};

/// Ticks a bar is walked in; their distance is whole seconds for every interval of whole minutes.
const TICKS: i64 = 60;
/// Ticks at which the walk reaches its nearer extreme, the other one, and the close.
const CORNERS: [i64; 3] = [20, 40, TICKS - 1];

/// A bar as a terminal tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayedBar {
    /// Open time as it is played, and prices so far; the volume counts the ticks so far.
    pub bar: Bar,
    /// Distance of ask and bid, points.
    pub spread_points: i64,
}

/// A recording of one symbol. Bar `k` of it opens at `k` intervals after the start, whatever gaps the recording has;
/// after the last bar it begins anew, and before the start it plays too.
#[derive(Debug, Clone)]
pub struct Recording {
    bars: Bars,
    interval_s: i64,
    start_s: i64,
    shows: QuoteSide,
    spread_points: f64,
    point: f64,
}

impl Recording {
    /// Bars that show one side of the market, `interval_s` apart; `start_s` is taken down to a whole interval.
    ///
    /// # Errors
    /// [`Error::NoBars`] without a bar; [`Error::BadSetting`] for an interval that is not whole minutes, or a spread
    /// that leaves no bid.
    pub fn new(
        bars: Bars,
        interval_s: i64,
        start_s: i64,
        facts: &SymbolFacts,
        shows: QuoteSide,
        spread_points: f64,
    ) -> Result<Self> {
        if interval_s <= 0 || interval_s % TICKS != 0 {
            let problem = format!("bars {interval_s} s apart cannot be played; whole minutes are needed");
            return Err(Error::BadSetting { field: "interval", problem });
        }
        let lowest = bars.low().iter().copied().reduce(f64::min).ok_or(Error::NoBars { rows: 0 })?;
        let point = facts.point();
        if Quote::around(0, lowest, shows, spread_points * point).is_err() {
            let problem = format!("{spread_points} points around the recording's lowest price {lowest} give no quote");
            return Err(Error::BadSetting { field: "spread_points", problem });
        }
        let start_s = start_s - start_s.rem_euclid(interval_s);
        Ok(Self { bars, interval_s, start_s, shows, spread_points, point })
    }

    /// Seconds between two bars.
    #[must_use]
    pub fn interval_s(&self) -> i64 {
        self.interval_s
    }

    /// The newest tick at a moment, UTC seconds; its time is when it came.
    ///
    /// # Errors
    /// [`Error::BadFill`] as [`Quote::around`]; none for bars that [`Recording::new`] took.
    pub fn quote(&self, now_s: i64) -> Result<Quote> {
        let time_s = now_s - (now_s - self.start_s).rem_euclid(self.step_s());
        let (bar, tick) = self.place(time_s);
        Quote::around(time_s, self.walked(&bar, tick), self.shows, self.spread_points * self.point)
    }

    /// The first `count` ticks after one moment, up to another one included, oldest first.
    ///
    /// # Errors
    /// As [`Recording::quote`].
    pub fn quotes(&self, after_s: i64, until_s: i64, count: usize) -> Result<Vec<Quote>> {
        let step_s = self.step_s();
        let first_s = after_s - (after_s - self.start_s).rem_euclid(step_s) + step_s;
        let times = (0..).map(|i: i64| first_s + i * step_s).take_while(|time_s| *time_s <= until_s);
        times.take(count).map(|time_s| self.quote(time_s)).collect()
    }

    /// Bars up to a moment, oldest first; the bar at `start_pos` = 0 is the one forming then, of which only the ticks
    /// so far are told.
    #[must_use]
    pub fn bars_at(&self, now_s: i64, start_pos: i64, count: i64) -> Vec<PlayedBar> {
        let newest_s = now_s - (now_s - self.start_s).rem_euclid(self.interval_s);
        let back = (start_pos..start_pos.saturating_add(count)).rev();
        back.map(|back| self.played(newest_s.saturating_sub(back.saturating_mul(self.interval_s)), now_s)).collect()
    }

    fn played(&self, open_s: i64, now_s: i64) -> PlayedBar {
        let (recorded, _) = self.place(open_s);
        let newest = ((now_s - open_s) / self.step_s()).min(TICKS - 1);
        // The walk reaches all corners, so of a whole bar it tells what was recorded.
        let first = if newest == TICKS - 1 { newest } else { 0 };
        let begun = if first == 0 { (recorded.open, recorded.open) } else { (recorded.high, recorded.low) };
        let walked = (first..=newest).map(|tick| self.walked(&recorded, tick));
        let (high, low) = walked.fold(begun, |(high, low), price| (price.max(high), price.min(low)));
        let close = self.walked(&recorded, newest);
        let bar = Bar { time: open_s, open: recorded.open, high, low, close, volume: (newest + 1) as f64 };
        #[allow(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer there is")]
        let spread_points = self.spread_points.round() as i64;
        PlayedBar { bar, spread_points }
    }

    fn step_s(&self) -> i64 {
        self.interval_s / TICKS
    }

    /// The recorded bar that is played at a moment, and how many ticks of it came before.
    fn place(&self, time_s: i64) -> (Bar, i64) {
        let since_s = time_s - self.start_s;
        let count = i64::try_from(self.bars.len()).unwrap_or(i64::MAX);
        let index = since_s.div_euclid(self.interval_s).rem_euclid(count);
        let bar = self.bars.at(usize::try_from(index).unwrap_or_default());
        (bar, since_s.rem_euclid(self.interval_s) / self.step_s())
    }

    /// The price of a tick: from the open to the nearer extreme, to the other one, to the close, straight.
    fn walked(&self, bar: &Bar, tick: i64) -> f64 {
        let low_first = bar.open - bar.low <= bar.high - bar.open;
        let (near, far) = if low_first { (bar.low, bar.high) } else { (bar.high, bar.low) };
        let corners = [(0, bar.open), (CORNERS[0], near), (CORNERS[1], far), (CORNERS[2], bar.close)];
        let leg = corners.windows(2).find(|leg| tick <= leg[1].0);
        let [(from, begins), (to, ends)] = leg.and_then(|leg| leg.try_into().ok()).unwrap_or([corners[3]; 2]);
        if tick == from || tick >= to {
            return if tick == from { begins } else { ends };
        }
        let price = begins + (ends - begins) * (tick - from) as f64 / (to - from) as f64;
        // Whole points, reckoned from the other end so that the result is the float nearest to the decimal price.
        let per_unit = (1.0 / self.point).round();
        ((price * per_unit).round() / per_unit).clamp(bar.low, bar.high)
    }
}

//! Columns that look back over a window: every bar on its own, so loops over bars run on all lanes.
//!
//! Each loop is one level of a ladder (see `rolling::Sums`, `rolling::Spreads`): a level reads what the level below has
//! stored for the whole block, which keeps loads clear of stores still under way.

use super::block::{BLOCK, Column, Input, Series};
use super::place::{
    ACCELERATION_5, CLOSE_HIGH_RATIO, CLOSE_LOW_RATIO, DAY_OF_WEEK, HIGH_LOW_RATIO, HOUR, MOMENTUM_5, RETURN_1,
    RETURN_5, RETURN_10, RSI_14, SMA_10, SMA_20, VOLATILITY_10, VOLATILITY_20, VOLUME_RATIO_20, VOLUME_SMA_20,
};
use crate::features::averages::{mean_of_10, mean_of_20};
use crate::features::calendar::{hour_and_weekday, since_monday};
use crate::features::candle::ratios;
use crate::features::catalogue::WIDTH;
use crate::features::momentum::momenta;
use crate::features::oscillators::{gain_and_size, rsi};
use crate::features::returns::relative;
use crate::features::volume::share;
use crate::rolling::{Pair, Part};

/// Sums of the last 2, 4 and 10 values, in the order of `rolling::Sums`.
struct Ladder {
    twos: Series,
    fours: Series,
    tens: Series,
}

impl Ladder {
    const UNKNOWN: Self = Self { twos: Series::UNKNOWN, fours: Series::UNKNOWN, tens: Series::UNKNOWN };

    #[inline(always)]
    fn climb(&mut self, values: &Series) {
        for i in 0..BLOCK {
            self.twos.set(i, values.ago(i, 0) + values.ago(i, 1));
        }
        for i in 0..BLOCK {
            self.fours.set(i, self.twos.ago(i, 0) + self.twos.ago(i, 2));
        }
        for i in 0..BLOCK {
            self.tens.set(i, self.eight(i) + self.twos.ago(i, 8));
        }
    }

    #[inline(always)]
    fn eight(&self, i: usize) -> f64 {
        self.fours.ago(i, 0) + self.fours.ago(i, 4)
    }

    #[inline(always)]
    fn ten(&self, i: usize) -> f64 {
        self.tens.ago(i, 0)
    }

    #[inline(always)]
    fn fourteen(&self, i: usize) -> f64 {
        self.eight(i) + self.fours.ago(i, 8) + self.twos.ago(i, 12)
    }

    #[inline(always)]
    fn twenty(&self, i: usize) -> f64 {
        self.tens.ago(i, 0) + self.tens.ago(i, 10)
    }

    #[inline(always)]
    fn each(&mut self, change: fn(&mut Series)) {
        [&mut self.twos, &mut self.fours, &mut self.tens].into_iter().for_each(change);
    }
}

/// A series of windows of one width.
struct Parts {
    high: Series,
    low: Series,
    squares: Series,
}

impl Parts {
    const UNKNOWN: Self = Self { high: Series::UNKNOWN, low: Series::UNKNOWN, squares: Series::UNKNOWN };

    #[inline(always)]
    fn ago(&self, i: usize, age: usize) -> Part {
        let sum = Pair { high: self.high.ago(i, age), low: self.low.ago(i, age) };
        Part { sum, squares: self.squares.ago(i, age) }
    }

    #[inline(always)]
    fn set(&mut self, i: usize, part: Part) {
        self.high.set(i, part.sum.high);
        self.low.set(i, part.sum.low);
        self.squares.set(i, part.squares);
    }

    #[inline(always)]
    fn each(&mut self, change: fn(&mut Series)) {
        [&mut self.high, &mut self.low, &mut self.squares].into_iter().for_each(change);
    }
}

/// State: the last values of every series.
pub(super) struct Windows {
    inverse: Series,
    gain: Series,
    size: Series,
    returns: Parts,
    closes: Ladder,
    volumes: Ladder,
    gains: Ladder,
    sizes: Ladder,
    twos: Parts,
    fours: Parts,
    tens: Parts,
}

impl Windows {
    pub(super) const UNKNOWN: Self = Self {
        inverse: Series::UNKNOWN,
        gain: Series::UNKNOWN,
        size: Series::UNKNOWN,
        returns: Parts::UNKNOWN,
        closes: Ladder::UNKNOWN,
        volumes: Ladder::UNKNOWN,
        gains: Ladder::UNKNOWN,
        sizes: Ladder::UNKNOWN,
        twos: Parts::UNKNOWN,
        fours: Parts::UNKNOWN,
        tens: Parts::UNKNOWN,
    };

    /// Fills all columns that have a window.
    #[inline(always)]
    pub(super) fn fill(&mut self, input: &Input, out: &mut [Column; WIDTH]) {
        self.returns(&input.close, out);
        self.means(input, out);
        self.rsi(&input.close, out);
        self.volatility(out);
        candle(input, out);
        calendar(&input.time, out);
    }

    #[inline(always)]
    fn returns(&mut self, close: &Series, out: &mut [Column; WIDTH]) {
        for i in 0..BLOCK {
            self.inverse.set(i, 1.0 / close.ago(i, 0));
        }
        for i in 0..BLOCK {
            let (now, before) = (close.ago(i, 0), close.ago(i, 1));
            let return_1 = Pair::difference(now, before).over(before, self.inverse.ago(i, 1));
            self.returns.set(i, Part::one(return_1));
            out[RETURN_1][i] = return_1.value();
        }
        for i in 0..BLOCK {
            let [now, before, long_before] = [0, 5, 10].map(|age| close.ago(i, age));
            out[RETURN_5][i] = relative(now, before, self.inverse.ago(i, 5));
            out[RETURN_10][i] = relative(now, long_before, self.inverse.ago(i, 10));
            [out[MOMENTUM_5][i], out[ACCELERATION_5][i]] = momenta(now, before, long_before);
        }
    }

    #[inline(always)]
    fn means(&mut self, input: &Input, out: &mut [Column; WIDTH]) {
        self.closes.climb(&input.close);
        for i in 0..BLOCK {
            out[SMA_10][i] = mean_of_10(self.closes.ten(i));
            out[SMA_20][i] = mean_of_20(self.closes.twenty(i));
        }
        self.volumes.climb(&input.volume);
        for i in 0..BLOCK {
            let total = self.volumes.twenty(i);
            out[VOLUME_SMA_20][i] = mean_of_20(total);
            out[VOLUME_RATIO_20][i] = share(input.volume.ago(i, 0), total);
        }
    }

    #[inline(always)]
    fn rsi(&mut self, close: &Series, out: &mut [Column; WIDTH]) {
        for i in 0..BLOCK {
            let (gain, size) = gain_and_size(close.ago(i, 0) - close.ago(i, 1));
            self.gain.set(i, gain);
            self.size.set(i, size);
        }
        self.gains.climb(&self.gain);
        self.sizes.climb(&self.size);
        for i in 0..BLOCK {
            out[RSI_14][i] = rsi(self.gains.fourteen(i), self.sizes.fourteen(i));
        }
    }

    #[inline(always)]
    fn volatility(&mut self, out: &mut [Column; WIDTH]) {
        for i in 0..BLOCK {
            self.twos.set(i, self.returns.ago(i, 0).doubled::<1>(self.returns.ago(i, 1)));
        }
        for i in 0..BLOCK {
            self.fours.set(i, self.twos.ago(i, 0).doubled::<2>(self.twos.ago(i, 2)));
        }
        for i in 0..BLOCK {
            let eight = self.fours.ago(i, 0).doubled::<4>(self.fours.ago(i, 4));
            self.tens.set(i, Part::ten(eight, self.twos.ago(i, 8)));
        }
        for i in 0..BLOCK {
            let ten = self.tens.ago(i, 0);
            out[VOLATILITY_10][i] = ten.variance::<10>().sqrt();
            out[VOLATILITY_20][i] = ten.doubled::<10>(self.tens.ago(i, 10)).variance::<20>().sqrt();
        }
    }

    /// Forgets the block before.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.each(Series::forget);
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        self.each(Series::turn);
    }

    #[inline(always)]
    fn each(&mut self, change: fn(&mut Series)) {
        [&mut self.inverse, &mut self.gain, &mut self.size].into_iter().for_each(change);
        for ladder in [&mut self.closes, &mut self.volumes, &mut self.gains, &mut self.sizes] {
            ladder.each(change);
        }
        for parts in [&mut self.returns, &mut self.twos, &mut self.fours, &mut self.tens] {
            parts.each(change);
        }
    }
}

#[inline(always)]
fn candle(input: &Input, out: &mut [Column; WIDTH]) {
    for i in 0..BLOCK {
        [out[HIGH_LOW_RATIO][i], out[CLOSE_HIGH_RATIO][i], out[CLOSE_LOW_RATIO][i]] =
            ratios(input.high[i], input.low[i], input.close.ago(i, 0));
    }
}

#[inline(always)]
fn calendar(time: &[i64; BLOCK], out: &mut [Column; WIDTH]) {
    // A Monday before the block: from there all of it is counted in 32 bits, which divide many at a time.
    let monday = time[0].wrapping_sub(i64::from(since_monday(time[0])));
    let near = time.iter().all(|time| (0..=i64::from(u32::MAX)).contains(&time.wrapping_sub(monday)));
    for i in 0..BLOCK {
        let seconds = if near { (time[i].wrapping_sub(monday)) as u32 } else { since_monday(time[i]) };
        [out[HOUR][i], out[DAY_OF_WEEK][i]] = hour_and_weekday(seconds);
    }
}

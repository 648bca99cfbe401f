//! Columns that look back over a window: every bar on its own, so loops over bars run on all lanes.
//!
//! Each loop reads what loops before it have stored for the whole block, which keeps its loads clear of stores still
//! under way.

use super::block::{BLOCK, Column, Input, LEAD, Series, UNKNOWN, ages, ago, fill, set, turn};
use crate::features::averages::{mean_of_10, mean_of_20};
use crate::features::calendar::{hour_and_weekday, since_monday};
use crate::features::candle::ratios;
use crate::features::momentum::momenta;
use crate::features::oscillators::{gain_and_size, rsi};
use crate::features::returns::relative;
use crate::features::volume::share;
use crate::rolling::{Pair, rungs};

/// Series of the last block; each needs its last values for the next one.
pub(super) struct Windows {
    inverse: Series,
    return_high: Series,
    return_low: Series,
    gain: Series,
    size: Series,
    close_4: Series,
    close_10: Series,
    volume_4: Series,
    volume_10: Series,
    gain_4: Series,
    size_4: Series,
    gaps: Series,
    rises: Series,
    spans: Series,
    twos: Series,
    fours: Series,
    tens: Series,
}

/// Where the windows go.
pub(super) struct WindowColumns<'a> {
    pub returns: [&'a mut Column; 3],
    pub means: [&'a mut Column; 2],
    pub volatilities: [&'a mut Column; 2],
    pub rsi: &'a mut Column,
    pub volumes: [&'a mut Column; 2],
    pub momenta: [&'a mut Column; 2],
}

impl Windows {
    pub(super) const UNKNOWN: Self = Self {
        inverse: UNKNOWN,
        return_high: UNKNOWN,
        return_low: UNKNOWN,
        gain: UNKNOWN,
        size: UNKNOWN,
        close_4: UNKNOWN,
        close_10: UNKNOWN,
        volume_4: UNKNOWN,
        volume_10: UNKNOWN,
        gain_4: UNKNOWN,
        size_4: UNKNOWN,
        gaps: UNKNOWN,
        rises: UNKNOWN,
        spans: UNKNOWN,
        twos: UNKNOWN,
        fours: UNKNOWN,
        tens: UNKNOWN,
    };

    /// Fills the columns.
    #[inline(always)]
    pub(super) fn fill(&mut self, input: &Input, out: WindowColumns) {
        self.returns(input.close, out.returns, out.momenta);
        self.sums(input, out.means, out.volumes);
        self.rsi(out.rsi);
        self.volatility(out.volatilities);
    }

    #[inline(always)]
    fn returns(&mut self, close: &Series, out: [&mut Column; 3], momentum: [&mut Column; 2]) {
        let [return_1, return_5, return_10] = out;
        let [momentum_5, acceleration_5] = momentum;
        set(&mut self.inverse, |i| 1.0 / ago(close, i, 0));
        let Self { inverse, return_high, return_low, gain, size, .. } = self;
        for i in 0..BLOCK {
            let (now, before) = (ago(close, i, 0), ago(close, i, 1));
            let change = Pair::difference(now, before);
            let pair = change.over_known(before, ago(inverse, i, 1));
            return_high[LEAD + i] = pair.high;
            return_low[LEAD + i] = pair.low;
            return_1[i] = pair.value();
            (gain[LEAD + i], size[LEAD + i]) = gain_and_size(change.high);
        }
        for i in 0..BLOCK {
            let [now, before, long_before] = ages!(close, i, 0, 5, 10);
            return_5[i] = relative(now, before, ago(inverse, i, 5));
            return_10[i] = relative(now, long_before, ago(inverse, i, 10));
            [momentum_5[i], acceleration_5[i]] = momenta(now, before, long_before);
        }
    }

    #[inline(always)]
    fn sums(&mut self, input: &Input, means: [&mut Column; 2], volumes: [&mut Column; 2]) {
        let [sma_10, sma_20] = means;
        let [volume_sma_20, volume_ratio_20] = volumes;
        set(&mut self.close_4, |i| four(input.close, i));
        set(&mut self.volume_4, |i| four(input.volume, i));
        let Self { close_4, close_10, volume_4, volume_10, .. } = self;
        set(close_10, |i| eight(close_4, i) + two(input.close, i, 8));
        set(volume_10, |i| eight(volume_4, i) + two(input.volume, i, 8));
        fill(sma_10, |i| mean_of_10(ago(close_10, i, 0)));
        fill(sma_20, |i| mean_of_20(two_of_ten(close_10, i)));
        for i in 0..BLOCK {
            let total = two_of_ten(volume_10, i);
            volume_sma_20[i] = mean_of_20(total);
            volume_ratio_20[i] = share(ago(input.volume, i, 0), total);
        }
    }

    #[inline(always)]
    fn rsi(&mut self, out: &mut Column) {
        let Self { gain, size, gain_4, size_4, .. } = self;
        set(gain_4, |i| four(gain, i));
        set(size_4, |i| four(size, i));
        fill(out, |i| {
            let fourteen = |values: &Series, fours: &Series| eight(fours, i) + ago(fours, i, 8) + two(values, i, 12);
            rsi(fourteen(gain, gain_4), fourteen(size, size_4))
        });
    }

    #[inline(always)]
    fn volatility(&mut self, out: [&mut Column; 2]) {
        let [volatility_10, volatility_20] = out;
        let Self { return_high, return_low, gaps, rises, spans, twos, fours, tens, .. } = self;
        let pair = |i, age| Pair { high: ago(return_high, i, age), low: ago(return_low, i, age) };
        set(gaps, |i| rungs::gap(pair(i, 0), pair(i, 1)));
        set(rises, |i| rungs::rise(ages!(gaps, i, 0, 1, 2)));
        set(twos, |i| rungs::two(ago(gaps, i, 0)));
        set(fours, |i| rungs::four(ages!(twos, i, 0, 2), ago(rises, i, 0)));
        set(spans, |i| rungs::span(ages!(rises, i, 0, 2, 4, 6, 8)));
        set(tens, |i| rungs::ten(ages!(fours, i, 0, 4), ago(twos, i, 8), ages!(rises, i, 0, 2, 4, 6)));
        fill(volatility_10, |i| rungs::variance::<10>(ago(tens, i, 0)).sqrt());
        fill(volatility_20, |i| {
            let twenty = rungs::twenty(ages!(tens, i, 0, 10), ages!(spans, i, 0, 2, 4, 6, 8));
            rungs::variance::<20>(twenty).sqrt()
        });
    }

    /// Forgets the block before.
    pub(super) fn forget(&mut self) {
        self.each(|series| series[..LEAD].fill(f64::NAN));
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        self.each(turn);
    }

    #[inline(always)]
    fn each(&mut self, change: impl Fn(&mut Series)) {
        let Self { inverse, return_high, return_low, gain, size, close_4, close_10, volume_4, volume_10, .. } = self;
        let sums = [inverse, return_high, return_low, gain, size, close_4, close_10, volume_4, volume_10];
        sums.into_iter().for_each(&change);
        let Self { gain_4, size_4, gaps, rises, spans, twos, fours, tens, .. } = self;
        [gain_4, size_4, gaps, rises, spans, twos, fours, tens].into_iter().for_each(change);
    }
}

/// Sum of two neighbours, the later of them `age` bars old. Sums are built as `rolling::Sums` builds them.
#[inline(always)]
fn two(values: &Series, i: usize, age: usize) -> f64 {
    ago(values, i, age) + ago(values, i, age + 1)
}

#[inline(always)]
fn four(values: &Series, i: usize) -> f64 {
    two(values, i, 0) + two(values, i, 2)
}

#[inline(always)]
fn eight(fours: &Series, i: usize) -> f64 {
    ago(fours, i, 0) + ago(fours, i, 4)
}

#[inline(always)]
fn two_of_ten(tens: &Series, i: usize) -> f64 {
    ago(tens, i, 0) + ago(tens, i, 10)
}

/// Ratios of each bar's prices.
#[inline(always)]
pub(super) fn candle(input: &Input, out: [&mut Column; 3]) {
    let [high_low, close_high, close_low] = out;
    for i in 0..BLOCK {
        [high_low[i], close_high[i], close_low[i]] = ratios(input.high[i], input.low[i], ago(input.close, i, 0));
    }
}

/// Hour and weekday of each bar.
#[inline(always)]
pub(super) fn calendar(time: &[i64; BLOCK], out: [&mut Column; 2]) {
    let [hours, weekdays] = out;
    // Bars hold no times beyond 1e11 seconds, so none is further than the formula's 2⁴⁰ from a Monday before the block.
    let monday = time[0] - since_monday(time[0]);
    for i in 0..BLOCK {
        [hours[i], weekdays[i]] = hour_and_weekday(time[i] - monday);
    }
}

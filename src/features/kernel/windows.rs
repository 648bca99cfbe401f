//! Columns that look back over a window: every bar on its own, so loops over bars run on all lanes.
//!
//! Each stage reads what stages before it have stored for the whole block, which keeps its loads clear of stores still
//! under way.

use super::ahead::Ahead;
use super::block::{BLOCK, Column, Input, LEAD, Series, UNKNOWN, ages, ago, turn};
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
    pub ratios: [&'a mut Column; 3],
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

    /// Fills the columns, stage by stage.
    #[inline(always)]
    pub(super) fn fill(&mut self, input: &Input, change: [&Column; 2], mut out: WindowColumns, ahead: &mut Ahead) {
        self.first_stage(input, &mut out);
        ahead.ask();
        self.second_stage(input.close, change, &mut out, ahead);
        self.third_stage(input, &mut out, ahead);
        self.fourth_stage(input, &mut out, ahead);
        self.last_stages(&mut out, ahead);
    }

    /// What needs the bars alone. The divider is the narrowest part of a processor: sums are done beside it.
    #[inline(always)]
    fn first_stage(&mut self, input: &Input, out: &mut WindowColumns) {
        let Self { inverse, close_4, volume_4, .. } = self;
        let [high_low, close_high, close_low] = &mut out.ratios;
        for i in 0..BLOCK {
            let close = ago(input.close, i, 0);
            inverse[LEAD + i] = 1.0 / close;
            [high_low[i], close_high[i], close_low[i]] = ratios(input.high[i], input.low[i], close);
            close_4[LEAD + i] = four(input.close, i);
            volume_4[LEAD + i] = four(input.volume, i);
        }
    }

    /// Returns and momenta; `change` is that of the close, high parts and low parts.
    #[inline(always)]
    fn second_stage(&mut self, close: &Series, change: [&Column; 2], out: &mut WindowColumns, ahead: &mut Ahead) {
        let Self { inverse, return_high, return_low, gain, size, .. } = self;
        let [return_1, return_5, return_10] = &mut out.returns;
        let [momentum_5, acceleration_5] = &mut out.momenta;
        let [change_high, change_low] = change;
        for i in 0..BLOCK {
            let change = Pair { high: change_high[i], low: change_low[i] };
            let pair = change.over_known(ago(close, i, 1), ago(inverse, i, 1));
            return_high[LEAD + i] = pair.high;
            return_low[LEAD + i] = pair.low;
            return_1[i] = pair.value();
            (gain[LEAD + i], size[LEAD + i]) = gain_and_size(change.high);
        }
        ahead.ask();
        for i in 0..BLOCK {
            let [now, before, long_before] = ages!(close, i, 0, 5, 10);
            return_5[i] = relative(now, before, ago(inverse, i, 5));
            return_10[i] = relative(now, long_before, ago(inverse, i, 10));
            [momentum_5[i], acceleration_5[i]] = momenta(now, before, long_before);
        }
        ahead.ask();
    }

    /// Sums over ten, and the ground of the variances.
    #[inline(always)]
    fn third_stage(&mut self, input: &Input, out: &mut WindowColumns, ahead: &mut Ahead) {
        let Self { return_high, return_low, gain, size, close_4, close_10, .. } = self;
        let Self { volume_4, volume_10, gain_4, size_4, gaps, .. } = self;
        let [sma_10, _] = &mut out.means;
        for i in 0..BLOCK {
            let pair = |age| Pair { high: ago(return_high, i, age), low: ago(return_low, i, age) };
            gaps[LEAD + i] = rungs::gap(pair(0), pair(1));
            gain_4[LEAD + i] = four(gain, i);
            size_4[LEAD + i] = four(size, i);
        }
        ahead.ask();
        for i in 0..BLOCK {
            let ten = eight(close_4, i) + two(input.close, i, 8);
            close_10[LEAD + i] = ten;
            sma_10[i] = mean_of_10(ten);
            volume_10[LEAD + i] = eight(volume_4, i) + two(input.volume, i, 8);
        }
        ahead.ask();
    }

    /// Sums over fourteen and twenty.
    #[inline(always)]
    fn fourth_stage(&mut self, input: &Input, out: &mut WindowColumns, ahead: &mut Ahead) {
        let Self { gain, size, close_10, volume_10, gain_4, size_4, gaps, rises, twos, .. } = self;
        let [volume_sma_20, volume_ratio_20] = &mut out.volumes;
        let ([_, sma_20], rsi_14) = (&mut out.means, &mut *out.rsi);
        for i in 0..BLOCK {
            let fourteen = |values: &Series, fours: &Series| eight(fours, i) + ago(fours, i, 8) + two(values, i, 12);
            rsi_14[i] = rsi(fourteen(gain, gain_4), fourteen(size, size_4));
            rises[LEAD + i] = rungs::rise(ages!(gaps, i, 0, 1, 2));
            twos[LEAD + i] = rungs::two(ago(gaps, i, 0));
        }
        ahead.ask();
        for i in 0..BLOCK {
            sma_20[i] = mean_of_20(two_of_ten(close_10, i));
            let total = two_of_ten(volume_10, i);
            volume_sma_20[i] = mean_of_20(total);
            volume_ratio_20[i] = share(ago(input.volume, i, 0), total);
        }
        ahead.ask();
    }

    /// Variances.
    #[inline(always)]
    fn last_stages(&mut self, out: &mut WindowColumns, ahead: &mut Ahead) {
        let Self { rises, spans, twos, fours, tens, .. } = self;
        let [volatility_10, volatility_20] = &mut out.volatilities;
        for i in 0..BLOCK {
            fours[LEAD + i] = rungs::four(ages!(twos, i, 0, 2), ago(rises, i, 0));
            spans[LEAD + i] = rungs::span(ages!(rises, i, 0, 2, 4, 6, 8));
        }
        ahead.ask();
        for i in 0..BLOCK {
            let ten = rungs::ten(ages!(fours, i, 0, 4), ago(twos, i, 8), ages!(rises, i, 0, 2, 4, 6));
            tens[LEAD + i] = ten;
            volatility_10[i] = rungs::variance::<10>(ten).sqrt();
        }
        ahead.ask();
        for i in 0..BLOCK {
            let twenty = rungs::twenty(ages!(tens, i, 0, 10), ages!(spans, i, 0, 2, 4, 6, 8));
            volatility_20[i] = rungs::variance::<20>(twenty).sqrt();
        }
        ahead.ask();
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
        change(&mut self.inverse);
        change(&mut self.return_high);
        change(&mut self.return_low);
        change(&mut self.gain);
        change(&mut self.size);
        change(&mut self.close_4);
        change(&mut self.close_10);
        change(&mut self.volume_4);
        change(&mut self.volume_10);
        change(&mut self.gain_4);
        change(&mut self.size_4);
        change(&mut self.gaps);
        change(&mut self.rises);
        change(&mut self.spans);
        change(&mut self.twos);
        change(&mut self.fours);
        change(&mut self.tens);
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

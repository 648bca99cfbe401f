//! Money flow: volume weighed with where the price went.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use super::typical::typical;
use crate::rolling::{Pair, PairWindow, Smoothed, Window};

const FAMILY: &str = "money_flow";
const CHAIKIN: &str = "Chaikin, accumulation/distribution, 1970s";

/// Windows of flows and volumes, the cumulative line and its two averages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct MoneyFlow {
    before: Pair,
    rising: PairWindow<14>,
    flows: PairWindow<14>,
    accumulated: PairWindow<20>,
    volumes: Window<f64, 20>,
    line: Pair,
    fast: Smoothed,
    slow: Smoothed,
}

impl Family for MoneyFlow {
    // Settling of the oscillator: where the line starts cancels. The line is ahead of its slow average by 4.5 volumes at
    // most; those a hundred times as large as volume is now, the start leaves 450 (9/11)^(bars-1), and 100 2^(1-bars)
    // of the fast average.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "Quong and Soudack, Volume-Weighted RSI: Money Flow, Technical Analysis of Stocks and Commodities, \
             1989",
            "mfi_14",
            Unit::Percent,
            14,
            "100 P / (P + N); P sum of p volume over those of the last 14 bars with p[t] > p[t-1], N with p[t] < \
             p[t-1], p = (high + low + close) / 3; 50 when P = N = 0",
        )
        .within(0.0, 100.0),
        Spec::column(
            FAMILY,
            CHAIKIN,
            "ad_line",
            Unit::Volume,
            0,
            "sum of v[i] over all bars of the history, v = volume ((close - low) - (high - close)) / (high - \
             low), 0 when high = low",
        )
        .never_settling(),
        Spec::column(FAMILY, CHAIKIN, "ad_20", Unit::Volume, 19, "sum of v of ad_line over the last 20 bars"),
        Spec::column(
            FAMILY,
            CHAIKIN,
            "cmf_20",
            Unit::Ratio,
            19,
            "ad_20 / sum of the last 20 volumes; 0 when that is 0",
        )
        .within(-1.0, 1.0),
        Spec::column(
            FAMILY,
            CHAIKIN,
            "chaikin_oscillator_3_10",
            Unit::Volume,
            0,
            "ema_3 - ema_10 of ad_line, seeded by its first value; ema_n: e[t] = a x[t] + (1-a) e[t-1], a = \
             2/(n+1)",
        )
        .settling(135),
    ];

    fn new() -> Self {
        Self {
            before: Pair::NAN,
            rising: PairWindow::empty(),
            flows: PairWindow::empty(),
            accumulated: PairWindow::empty(),
            volumes: Window::filled(f64::NAN),
            line: Pair::ZERO,
            fast: Smoothed::exponential(3, 1),
            slow: Smoothed::exponential(10, 1),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let volume = Pair::exact(bar.volume);
        let price = typical(bar);
        let change = price.minus(std::mem::replace(&mut self.before, price)).value();
        let flow = price.times(volume);
        let known = if change.is_nan() { Pair::NAN } else { Pair::ZERO };
        self.rising.push(if change > 0.0 { flow } else { known });
        self.flows.push(if change == 0.0 { Pair::ZERO } else { flow.plus(known) });
        let (rising, flows) = (self.rising.sum(), self.flows.sum());
        let mfi = rising.times(Pair::exact(100.0)).share_of(flows, 50.0).value();

        let range = Pair::difference(bar.high, bar.low);
        let place = Pair::difference(bar.close, bar.low).minus(Pair::difference(bar.high, bar.close));
        let gathered = place.times(volume).share_of(range, 0.0);
        self.accumulated.push(gathered);
        self.volumes.push(bar.volume);
        self.line = self.line.plus(gathered).normal();
        let (sum, total) = (self.accumulated.sum(), self.volumes.sum());
        let share = sum.share_of(total, 0.0).value();
        let oscillator = self.fast.update(self.line).minus(self.slow.update(self.line));
        out.copy_from_slice(&[mfi, self.line.value(), sum.value(), share, oscillator.value()]);
    }
}

//! The percentage price oscillator: the contract's MACD as a share of its slow average.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Smoothed};

const FAMILY: &str = "ppo";
const SOURCE: &str = "Appel, moving average convergence/divergence, 1979, in percent";

/// The two averages of the close and the one of their distance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Ppo {
    fast: Smoothed,
    slow: Smoothed,
    signal: Smoothed,
}

impl Family for Ppo {
    // Settling: what a start a close away leaves is 100·q^m, q = 25/27, after m = bars - 1; the signal passes it on times
    // 0.2/(1 - 0.8/q) = 1.4706, the histogram times 0.4706.
    const SPECS: &'static [Spec] = &[
        Spec::column(FAMILY, SOURCE, "ppo_12_26", Unit::Ratio, 0, "100 macd / ema_26 of the close, seeded as ema_20")
            .settling(331),
        Spec::column(
            FAMILY,
            SOURCE,
            "ppo_signal_12_26_9",
            Unit::Ratio,
            0,
            "ema_9 of ppo_12_26, seeded by its first value",
        )
        .settling(336),
        Spec::column(FAMILY, SOURCE, "ppo_hist_12_26_9", Unit::Ratio, 0, "ppo_12_26 - ppo_signal_12_26_9")
            .settling(321),
    ];

    fn new() -> Self {
        Self {
            fast: Smoothed::exponential(12, 1),
            slow: Smoothed::exponential(26, 1),
            signal: Smoothed::exponential(9, 1),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = Pair::exact(moment.bar.close);
        let (fast, slow) = (self.fast.update(close), self.slow.update(close));
        let line = fast.minus(slow).times(Pair::exact(100.0)).divided_by(slow);
        let signal = self.signal.update(line);
        out.copy_from_slice(&[line.value(), signal.value(), line.minus(signal).value()]);
    }
}

//! How far the close stands from its long averages.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Smoothed};

const FAMILY: &str = "ema_distance";
const LONG: &str = "distance from an exponential moving average";
const LONG_50: &str = "close / e - 1; e[0] = close[0]; e[t] = a close[t] + (1-a) e[t-1], a = 2/51";
const LONG_100: &str = "close / e - 1; e[0] = close[0]; e[t] = a close[t] + (1-a) e[t-1], a = 2/101";
const LONG_200: &str = "close / e - 1; e[0] = close[0]; e[t] = a close[t] + (1-a) e[t-1], a = 2/201";

/// The three averages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct EmaDistance {
    averages: [Smoothed; 3],
}

impl Family for EmaDistance {
    // Settling: a start a close off leaves ((span-1)/(span+1))^(bars-1).
    const SPECS: &'static [Spec] = &[
        Spec::column(FAMILY, LONG, "ema_distance_50", Unit::Ratio, 0, LONG_50)
            .within(-1.0, f64::INFINITY)
            .settling(520),
        Spec::column(FAMILY, LONG, "ema_distance_100", Unit::Ratio, 0, LONG_100)
            .within(-1.0, f64::INFINITY)
            .settling(1_038),
        Spec::column(FAMILY, LONG, "ema_distance_200", Unit::Ratio, 0, LONG_200)
            .within(-1.0, f64::INFINITY)
            .settling(2_074),
    ];

    fn new() -> Self {
        Self { averages: [50, 100, 200].map(|span| Smoothed::exponential(span, 1)) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = Pair::exact(moment.bar.close);
        for (distance, average) in out.iter_mut().zip(&mut self.averages) {
            let average = average.update(close);
            *distance = close.minus(average).divided_by(average).value();
        }
    }
}

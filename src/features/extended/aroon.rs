//! Chande's Aroon: how long ago the highest high and the lowest low were.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Window, pairs};

const FAMILY: &str = "aroon";
const SOURCE: &str = "Chande, A Time Price Oscillator, Technical Analysis of Stocks and Commodities, 1995";

/// The last 26 highs and lows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Aroon {
    highs: Window<f64, 26>,
    lows: Window<f64, 26>,
}

impl Family for Aroon {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "aroon_up_25",
            Unit::Percent,
            25,
            "4 (25 - k), k = bars since the highest of the last 26 highs, the newest of equal ones",
        )
        .within(0.0, 100.0),
        Spec::column(
            FAMILY,
            SOURCE,
            "aroon_down_25",
            Unit::Percent,
            25,
            "4 (25 - k), k = bars since the lowest of the last 26 lows, the newest of equal ones",
        )
        .within(0.0, 100.0),
        Spec::column(FAMILY, SOURCE, "aroon_oscillator_25", Unit::Ratio, 25, "aroon_up_25 - aroon_down_25")
            .within(-100.0, 100.0),
    ];

    fn new() -> Self {
        Self { highs: Window::filled(f64::NAN), lows: Window::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.highs.push(moment.bar.high);
        self.lows.push(moment.bar.low);
        let (up, down) = (recency(&self.highs, self.highs.highest()), recency(&self.lows, self.lows.lowest()));
        out.copy_from_slice(&[up, down, up - down]);
    }
}

/// 100 when the newest value is `extreme`, 4 less for every bar since; NaN while that is NaN.
#[inline(always)]
fn recency(window: &Window<f64, 26>, extreme: f64) -> f64 {
    let mut scores = *window.values();
    for (age, value) in scores.iter_mut().enumerate() {
        // One of the values is the extreme itself, so the difference is 0 without rounding; a NaN's is not.
        *value = if *value - extreme == 0.0 { 4.0 * (25.0 - age as f64) } else { -1.0 };
    }
    let newest = pairs::highest(&scores);
    if newest < 0.0 { f64::NAN } else { newest }
}

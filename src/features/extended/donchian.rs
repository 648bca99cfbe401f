//! Donchian's channel: the highest high and the lowest low.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const FAMILY: &str = "donchian";
const SOURCE: &str = "Donchian, channel breakout, 1960";

/// The last 20 highs and lows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Donchian {
    highs: Window<f64, 20>,
    lows: Window<f64, 20>,
}

impl Family for Donchian {
    const SPECS: &'static [Spec] = &[
        Spec::column(FAMILY, SOURCE, "donchian_upper_20", Unit::Price, 19, "highest of the last 20 highs")
            .not_negative(),
        Spec::column(FAMILY, SOURCE, "donchian_lower_20", Unit::Price, 19, "lowest of the last 20 lows").not_negative(),
        Spec::column(
            FAMILY,
            SOURCE,
            "donchian_position_20",
            Unit::Ratio,
            19,
            "(close - donchian_lower_20) / (donchian_upper_20 - donchian_lower_20); 0.5 when both are equal",
        )
        .within(0.0, 1.0),
        Spec::column(
            FAMILY,
            SOURCE,
            "donchian_width_20",
            Unit::Ratio,
            19,
            "(donchian_upper_20 - donchian_lower_20) / close",
        )
        .not_negative(),
    ];

    fn new() -> Self {
        Self { highs: Window::filled(f64::NAN), lows: Window::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        self.highs.push(bar.high);
        self.lows.push(bar.low);
        let (upper, lower) = (self.highs.highest(), self.lows.lowest());
        let width = Pair::difference(upper, lower);
        let position = Pair::difference(bar.close, lower).share_of(width, 0.5).value();
        out.copy_from_slice(&[upper, lower, position, width.over(bar.close).value()]);
    }
}

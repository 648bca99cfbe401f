//! Body and shadows as shares of the bar's range, the close's place in it, and the gap before it.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::Pair;

const FAMILY: &str = "candle_shape";
const CANDLES: &str = "Nison, Japanese Candlestick Charting Techniques, 1991";

/// State: none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct CandleShape;

impl Family for CandleShape {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            CANDLES,
            "body_ratio",
            Unit::Ratio,
            0,
            "abs(close - open) / (high - low); 0 when high = low",
        )
        .within(0.0, 1.0),
        Spec::column(
            FAMILY,
            CANDLES,
            "upper_shadow_ratio",
            Unit::Ratio,
            0,
            "(high - max(open, close)) / (high - low); 0 when high = low",
        )
        .within(0.0, 1.0),
        Spec::column(
            FAMILY,
            CANDLES,
            "lower_shadow_ratio",
            Unit::Ratio,
            0,
            "(min(open, close) - low) / (high - low); 0 when high = low",
        )
        .within(0.0, 1.0),
        Spec::column(
            FAMILY,
            "Chaikin, close location value, 1970s",
            "close_location",
            Unit::Ratio,
            0,
            "((close - low) - (high - close)) / (high - low); 0 when high = low",
        )
        .within(-1.0, 1.0),
        Spec::column(FAMILY, "opening gap", "gap", Unit::Ratio, 1, "open[t] / close[t-1] - 1")
            .within(-1.0, f64::INFINITY),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let range = Pair::difference(bar.high, bar.low);
        let share = |part: Pair| part.share_of(range, 0.0).value();
        let (top, bottom) = (bar.open.max(bar.close), bar.open.min(bar.close));
        let before = moment.close_ago(1);
        out.copy_from_slice(&[
            share(Pair::difference(top, bottom)),
            share(Pair::difference(bar.high, top)),
            share(Pair::difference(bottom, bar.low)),
            share(Pair::difference(bar.close, bar.low).minus(Pair::difference(bar.high, bar.close))),
            Pair::difference(bar.open, before).over(before).value(),
        ]);
    }
}

//! How far the close stands below its highest, and how much that hurt.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, Window, pairs};

const FAMILY: &str = "drawdown";

/// The last 50 closes and 14 squared drawdowns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Drawdown {
    closes: Window<f64, 50>,
    squares: PairWindow<14>,
}

impl Family for Drawdown {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "distance from the running maximum",
            "drawdown_50",
            Unit::Ratio,
            49,
            "close / highest of the last 50 closes - 1",
        )
        .within(-1.0, 0.0),
        Spec::column(
            FAMILY,
            "distance from the running minimum",
            "runup_50",
            Unit::Ratio,
            49,
            "close / lowest of the last 50 closes - 1",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            "Martin and McCann, The Investor's Guide to Fidelity Funds, 1989",
            "ulcer_14",
            Unit::Percent,
            26,
            "sqrt(mean of d^2 over the last 14 bars), d = 100 (close / highest of the 14 closes up to that bar - \
             1)",
        )
        .within(0.0, 100.0),
    ];

    fn new() -> Self {
        Self { closes: Window::filled(f64::NAN), squares: PairWindow::empty() }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = moment.bar.close;
        self.closes.push(close);
        let highest_14 = pairs::highest(&self.closes.values()[..14]);
        self.squares.push(distance(close, highest_14).times(Pair::exact(100.0)).squared());
        out.copy_from_slice(&[
            distance(close, self.closes.highest()).value(),
            distance(close, self.closes.lowest()).value(),
            self.squares.sum().over(14.0).root().value(),
        ]);
    }
}

/// `close / level - 1`.
#[inline(always)]
fn distance(close: f64, level: f64) -> Pair {
    Pair::difference(close, level).over(level)
}

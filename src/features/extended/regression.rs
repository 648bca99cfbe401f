//! The straight line of least squares through the last 20 closes.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const FAMILY: &str = "regression";
const SOURCE: &str = "ordinary least squares, Legendre 1805 and Gauss 1809";

/// Twice each bar's distance from the window's middle, newest first; their squares sum to 2660.
const PLACES: [f64; 20] = {
    let (mut places, mut age) = ([0.0; 20], 0);
    while age < 20 {
        places[age] = 19.0 - 2.0 * age as f64;
        age += 1;
    }
    places
};

/// The last 20 closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Regression {
    closes: Window<f64, 20>,
}

impl Family for Regression {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "linreg_20",
            Unit::Price,
            19,
            "value at the newest bar of the least-squares line through the last 20 closes, bars equally spaced",
        ),
        Spec::column(
            FAMILY,
            SOURCE,
            "linreg_slope_20",
            Unit::Price,
            19,
            "rise per bar of the least-squares line through the last 20 closes, bars equally spaced",
        ),
        Spec::column(FAMILY, SOURCE, "linreg_deviation_20", Unit::Price, 19, "close - linreg_20"),
        Spec::column(
            FAMILY,
            SOURCE,
            "linreg_r2_20",
            Unit::Ratio,
            19,
            "squared correlation of the last 20 closes with their bar's number; 0 when the closes are equal",
        )
        .within(0.0, 1.0),
    ];

    fn new() -> Self {
        Self { closes: Window::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.closes.push(moment.bar.close);
        let deviations = self.closes.deviations();
        let shared = deviations.from_mean.multiplied(&PLACES).total();
        let slope = shared.over(1_330.0);
        let above_mean = slope.times(Pair::exact(9.5));
        let squares = deviations.squares().total();
        let explained = shared.squared().over(2_660.0).share_of(squares, 0.0).value();
        out.copy_from_slice(&[
            deviations.mean.plus(above_mean).value(),
            slope.value(),
            deviations.from_mean.at(0).minus(above_mean).value(),
            explained,
        ]);
    }
}

//! Relative strength by other rules than the contract's: Wilder's smoothing, Chande's difference, and the stochastic.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, Smoothed, pairs};

const FAMILY: &str = "strength";

/// Gains and losses, smoothed and whole, and the last 14 values of the plain index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Strength {
    gain: Smoothed,
    loss: Smoothed,
    changes: PairWindow<14>,
    indices: PairWindow<14>,
}

impl Family for Strength {
    // Settling of the smoothed index: the seed's share is (13/14)^k, k bars after bar 14.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "Wilder, New Concepts in Technical Trading Systems, 1978",
            "rsi_wilder_14",
            Unit::Percent,
            14,
            "100 G / (G + L); G[14] = mean of the gains of bars 1..14, G[t] = (13 G[t-1] + gain[t]) / 14, L \
             likewise of the losses; gain = max(close[t] - close[t-1], 0), loss = max(close[t-1] - close[t], 0); \
             50 when G = L = 0",
        )
        .within(0.0, 100.0)
        .settling(295),
        Spec::column(
            FAMILY,
            "Chande and Kroll, The New Technical Trader, 1994",
            "cmo_14",
            Unit::Ratio,
            14,
            "100 (G - L) / (G + L), sums of gains and losses over the last 14 changes of the close; 0 when G = L \
             = 0",
        )
        .within(-100.0, 100.0),
        Spec::column(
            FAMILY,
            "Chande and Kroll, The New Technical Trader, 1994",
            "stoch_rsi_14",
            Unit::Ratio,
            27,
            "(r - min) / (max - min), r = rsi_14 (plain means), min and max over its last 14 values; 0.5 when max \
             = min",
        )
        .within(0.0, 1.0),
    ];

    fn new() -> Self {
        Self {
            gain: Smoothed::wilder(14),
            loss: Smoothed::wilder(14),
            changes: PairWindow::empty(),
            indices: PairWindow::empty(),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let change = moment.change;
        self.changes.push(change);
        let gain = self.gain.update(rise(change));
        let total = gain.plus(self.loss.update(rise(change.negated())));
        let net = self.changes.sum();
        let path = self.changes.values().magnitudes().total();
        // G/(G+L) = (1 + net/path)/2, so the index and the difference order alike.
        let balance = net.share_of(path, 0.0);
        self.indices.push(balance);
        out.copy_from_slice(&[
            gain.times(Pair::exact(100.0)).share_of(total, 50.0).value(),
            balance.times(Pair::exact(100.0)).value(),
            self.place(balance),
        ]);
    }
}

impl Strength {
    /// Where `newest` stands between the smallest and the largest of the last 14; NaN until there are 14.
    #[inline(always)]
    fn place(&self, newest: Pair) -> f64 {
        let indices = self.indices.values();
        let mut distances = [0.0; 14];
        for (age, distance) in distances.iter_mut().enumerate() {
            *distance = indices.at(age).minus(newest).value();
        }
        // The newest's own distance, 0, is among them.
        let (below, above) = (pairs::lowest(&distances), pairs::highest(&distances));
        if above - below == 0.0 { 0.5 } else { (0.0 - below) / (above - below) }
    }
}

/// The change when it is a gain, else 0; NaN stays NaN.
#[inline(always)]
fn rise(change: Pair) -> Pair {
    if change.value() < 0.0 { Pair::ZERO } else { change }
}

//! Volume by the direction of the close, and by how far it went.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Smoothed, Window};

const FAMILY: &str = "obv";
const GRANVILLE: &str = "Granville, New Key to Stock Market Profits, 1963";

/// Windows of volume and signed volume, the cumulative line, the smoothed force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Obv {
    balance: Pair,
    signed: Window<f64, 20>,
    volumes: Window<f64, 20>,
    force: Smoothed,
}

impl Family for Obv {
    // Settling of the force: the seed's share is (6/7)^k, k bars after bar 13.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv",
            Unit::Volume,
            0,
            "b[0] = volume[0]; b[t] = b[t-1] + volume[t] sign(close[t] - close[t-1])",
        )
        .never_settling(),
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv_20",
            Unit::Volume,
            20,
            "sum of volume[t] sign(close[t] - close[t-1]) over the last 20 bars",
        ),
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv_ratio_20",
            Unit::Ratio,
            20,
            "obv_20 / sum of the last 20 volumes; 0 when that is 0",
        )
        .within(-1.0, 1.0),
        Spec::column(
            FAMILY,
            "Elder, Trading for a Living, 1993",
            "force_index_13",
            Unit::PriceVolume,
            13,
            "f[13] = mean of x[1..13]; f[t] = a x[t] + (1-a) f[t-1], a = 1/7, x = (close[t] - close[t-1]) \
             volume[t]",
        )
        .settling(149),
    ];

    fn new() -> Self {
        Self {
            balance: Pair::ZERO,
            signed: Window::filled(f64::NAN),
            volumes: Window::filled(f64::NAN),
            force: Smoothed::exponential(13, 13),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let volume = Pair::exact(moment.bar.volume);
        let signed = match moment.change.value() {
            up if up > 0.0 => moment.bar.volume,
            down if down < 0.0 => -moment.bar.volume,
            none => none,
        };
        self.balance = self.balance.plus(if signed.is_nan() { volume } else { Pair::exact(signed) }).normal();
        self.signed.push(signed);
        self.volumes.push(moment.bar.volume);
        let net = self.signed.sum();
        // The first bar's volume has no direction: until it has left, the share is unknown, whatever the volumes.
        let total = if net.value().is_nan() { Pair::NAN } else { self.volumes.sum() };
        let share = net.share_of(total, 0.0);
        out.copy_from_slice(&[
            self.balance.value(),
            net.value(),
            share.value(),
            self.force.update(moment.change.times(volume)).value(),
        ]);
    }
}

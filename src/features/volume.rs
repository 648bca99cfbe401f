//! Volume, plain mean and share.

use serde::{Deserialize, Serialize};

use super::averages::mean_of_20;
use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::Sums;

/// Window sums of the volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Volume {
    volumes: Sums,
}

impl Family for Volume {
    const SPECS: &'static [Spec] = &[
        Spec {
            name: "volume_sma_20",
            family: "volume",
            formula: "mean of the last 20 volumes",
            unit: Unit::Volume,
            first_finite: 19,
            settle_bars: 20,
            range: (0.0, f64::INFINITY),
            nullable: false,
            source: "simple moving average",
        },
        Spec {
            name: "volume_ratio_20",
            family: "volume",
            formula: "volume / volume_sma_20; NaN when volume_sma_20 = 0",
            unit: Unit::Ratio,
            first_finite: 19,
            settle_bars: 20,
            // One bar holds at most all of the 20 bars' volume.
            range: (0.0, 20.0),
            nullable: true,
            source: "relative volume",
        },
    ];

    fn new() -> Self {
        Self { volumes: Sums::new() }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let volume = moment.bar.volume;
        let total = self.volumes.update(volume).last_20;
        out.copy_from_slice(&[mean_of_20(total), share(volume, total)]);
    }
}

/// Volume over the mean of 20 volumes, of which `total` is the sum.
#[inline(always)]
pub(super) fn share(volume: f64, total: f64) -> f64 {
    // The quotient first: volume ≤ total holds in every rounding, so the ratio stays within 0..=20.
    if total > 0.0 { 20.0 * (volume / total) } else { f64::NAN }
}

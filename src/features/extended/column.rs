//! Rows of the second catalogue in the fewest words: what most columns share is the default.

use crate::features::spec::{NEVER, Spec, Unit};

impl Spec {
    /// A window column: any value, settled with its first finite bar, never NaN after.
    pub(super) const fn column(
        family: &'static str,
        source: &'static str,
        name: &'static str,
        unit: Unit,
        first_finite: usize,
        formula: &'static str,
    ) -> Self {
        Self {
            name,
            family,
            formula,
            unit,
            first_finite,
            settle_bars: first_finite + 1,
            range: (f64::NEG_INFINITY, f64::INFINITY),
            nullable: false,
            source,
        }
    }

    /// The same, with values from `lowest` to `highest` only.
    pub(super) const fn within(mut self, lowest: f64, highest: f64) -> Self {
        self.range = (lowest, highest);
        self
    }

    /// The same, never below 0.
    pub(super) const fn not_negative(self) -> Self {
        self.within(0.0, f64::INFINITY)
    }

    /// The same, recursive: settled after `bars`.
    pub(super) const fn settling(mut self, bars: usize) -> Self {
        self.settle_bars = bars;
        self
    }

    /// The same, cumulative or with a history counted in hours: no number of bars is promised to settle it.
    pub(super) const fn never_settling(self) -> Self {
        self.settling(NEVER)
    }

    /// The same, NaN where the formula says so.
    pub(super) const fn or_nan(mut self) -> Self {
        self.nullable = true;
        self
    }
}

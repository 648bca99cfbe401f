//! Numbers on a grid: volumes on the step of lots, prices on the tick. Binary fractions never cost a step.

/// What a computed number may lie below a grid point and still count as on it, relative: far above the rounding of
/// a few operations, far below a step.
const ROUNDING: f64 = 1e-9;

/// Grid points beyond this are not told apart any more.
const POINTS_MAX: f64 = 9e15;

/// The grid of whole multiples of `step`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    step: f64,
    /// Points per unit, where that is a whole number: dividing by it gives the nearest f64 of the decimal.
    per_unit: Option<f64>,
}

impl Grid {
    /// `step` is finite and positive.
    pub(super) fn new(step: f64) -> Self {
        let per_unit = (1.0 / step).round();
        let is_whole = per_unit >= 1.0 && ((1.0 / step) - per_unit).abs() <= ROUNDING * per_unit;
        Self { step, per_unit: is_whole.then_some(per_unit) }
    }

    /// The grid point with this number.
    pub(super) fn at(self, number: f64) -> f64 {
        self.per_unit.map_or(number * self.step, |per_unit| number / per_unit)
    }

    /// Number of the greatest point that is not above `value`; what lies below a point by rounding alone is on it.
    pub(super) fn below(self, value: f64) -> f64 {
        let number = self.number(value);
        (number + number.abs() * ROUNDING).floor()
    }

    /// Number of the smallest point that is not below `value`; what lies above a point by rounding alone is on it.
    pub(super) fn above(self, value: f64) -> f64 {
        let number = self.number(value);
        (number - number.abs() * ROUNDING).ceil()
    }

    /// Number of the greatest point that is not above `cap`, whatever rounding did.
    pub(super) fn capped(self, cap: f64) -> f64 {
        let nearest = self.number(cap).round();
        if self.at(nearest) > cap { nearest - 1.0 } else { nearest }
    }

    fn number(self, value: f64) -> f64 {
        let number = self.per_unit.map_or(value / self.step, |per_unit| value * per_unit);
        number.clamp(-POINTS_MAX, POINTS_MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "numbers of grid points are whole")]
    use super::*;

    #[test]
    fn decimals_cost_no_step() {
        let lots = Grid::new(0.01);
        for hundredths in 0..=10_000_i32 {
            let value = f64::from(hundredths) / 100.0;
            let number = f64::from(hundredths);
            assert_eq!([lots.below(value), lots.above(value), lots.capped(value)], [number; 3], "{value}");
            assert_eq!(lots.at(number).to_bits(), value.to_bits());
            let less = f64::from_bits(value.to_bits().saturating_sub(1));
            if hundredths > 0 {
                assert_eq!([lots.below(less), lots.capped(less)], [number, number - 1.0], "a hair below {value}");
            }
        }
        assert_eq!(lots.below(0.07 / 0.01 * 0.01), 7.0);
    }

    #[test]
    fn odd_steps_work_too() {
        for step in [0.25, 0.05, 5.0, 2.5, 0.1, 1.0, 1e-5, 1e-3, 0.3] {
            let grid = Grid::new(step);
            for number in [0.0, 1.0, 3.0, 7.0, 109_701.0] {
                let value = grid.at(number);
                assert_eq!([grid.below(value), grid.above(value), grid.capped(value)], [number; 3], "{step} {number}");
                assert!(grid.at(grid.capped(value + 0.4 * step)) <= value + 0.4 * step);
                assert_eq!([grid.below(value + 0.4 * step), grid.above(value + 0.4 * step)], [number, number + 1.0]);
            }
        }
    }
}

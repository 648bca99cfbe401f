//! The door that every family of columns has.

use super::moment::Moment;
use super::spec::Spec;

/// A group of neighbouring columns that share their state.
pub(super) trait Family: Clone {
    /// The family's columns, in order.
    const SPECS: &'static [Spec];

    /// The state before the first bar.
    fn new() -> Self;

    /// Takes one bar and writes the family's columns; `out` is as long as `SPECS`.
    fn step(&mut self, moment: &Moment, out: &mut [f64]);
}

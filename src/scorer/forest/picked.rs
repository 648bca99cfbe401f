//! Leaf values on their way to the sums: added in the order of the trees, in registers.

use super::{Forest, Sums};

/// Values kept until they are added; a multiple of the usual numbers of outputs.
const ROOM: usize = 240;

/// Leaf values of neighbouring trees.
pub(super) struct Picked {
    values: [f64; ROOM],
    len: usize,
    /// Tree of the first value.
    first: usize,
}

impl Picked {
    pub fn new() -> Self {
        Self { values: [0.0; ROOM], len: 0, first: 0 }
    }

    /// Takes the values of the next trees, at most [`ROOM`].
    #[inline(always)]
    pub fn take(&mut self, values: &[f64], forest: &Forest, out: &mut [f64]) {
        if self.len + values.len() > ROOM {
            self.flush(forest, out);
        }
        self.values[self.len..][..values.len()].copy_from_slice(values);
        self.len += values.len();
    }

    /// Adds what was taken.
    #[inline(always)]
    pub fn flush(&mut self, forest: &Forest, out: &mut [f64]) {
        let values = &self.values[..self.len];
        match out.len() {
            1 => in_turn::<1>(values, 0, forest.sums, out),
            3 if forest.takes_turns => in_turn::<3>(values, self.first % 3, forest.sums, out),
            _ => {
                for (value, place) in values.iter().zip(&forest.trees[self.first..]) {
                    let sum = &mut out[place.output as usize];
                    *sum = forest.sums.add(*sum, *value);
                }
            }
        }
        self.first += self.len;
        self.len = 0;
    }
}

/// Adds values to `N` outputs in turn, from output `phase` on.
#[inline(always)]
fn in_turn<const N: usize>(values: &[f64], phase: usize, how: Sums, out: &mut [f64]) {
    let mut sums: [f64; N] = std::array::from_fn(|turn| out[(phase + turn) % N]);
    let (rounds, rest) = values.as_chunks::<N>();
    for round in rounds {
        for (sum, value) in sums.iter_mut().zip(round) {
            *sum = how.add(*sum, *value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum = how.add(*sum, *value);
    }
    for (turn, sum) in sums.into_iter().enumerate() {
        out[(phase + turn) % N] = sum;
    }
}

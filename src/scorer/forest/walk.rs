//! The walk from root to leaf: every kind of tree, on every machine. What is faster elsewhere is proven equal to it.

use super::{Categories, Forest, LEAF, LinearLeaf, Node, Sums, Test, ZERO};

/// Trees, or rows, walked side by side: their memory latencies overlap.
const LANES: usize = 8;

impl Forest {
    /// Writes to `out` ([`Forest::outputs`] long) the sums of every tree's leaf value for one row, in tree order.
    ///
    /// `row` holds [`Forest::features`] values; the caller has checked both lengths.
    pub fn sum_row(&self, row: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.start);
        for places in self.trees.chunks(LANES) {
            let mut cursors = [LEAF; LANES];
            for (cursor, place) in cursors.iter_mut().zip(places) {
                *cursor = place.root();
            }
            self.walk(&mut cursors, |_| row);
            for (cursor, place) in cursors.iter().zip(places) {
                self.add(&mut out[place.output as usize], cursor & !LEAF, row);
            }
        }
    }

    /// [`Forest::sum_row`] for rows laid end to end, tree by tree so that a tree is read from memory once per block.
    ///
    /// Each row still receives its leaves in tree order: the bits are those of `sum_row`.
    pub fn sum_rows(&self, rows: &[f64], out: &mut [f64]) {
        out.chunks_exact_mut(self.outputs()).for_each(|scores| scores.copy_from_slice(&self.start));
        for place in &self.trees {
            for (rows, out) in rows.chunks(self.features * LANES).zip(out.chunks_mut(self.outputs() * LANES)) {
                let lanes = out.len() / self.outputs();
                let row_of = |lane: usize| &rows[lane * self.features..][..self.features];
                let mut cursors = [place.root(); LANES];
                self.walk(&mut cursors[..lanes], row_of);
                for (lane, scores) in out.chunks_exact_mut(self.outputs()).enumerate() {
                    self.add(&mut scores[place.output as usize], cursors[lane] & !LEAF, row_of(lane));
                }
            }
        }
    }

    /// Adds what a leaf answers to a sum.
    #[inline]
    fn add(&self, sum: &mut f64, leaf: u32, row: &[f64]) {
        let value = match self.linear.get(leaf as usize) {
            Some(Some(linear)) => linear.answer(row).unwrap_or(self.leaves[leaf as usize]),
            _ => self.leaves[leaf as usize],
        };
        *sum = self.sums.add(*sum, value);
    }

    /// Moves every cursor from its node down to a leaf.
    #[inline]
    fn walk<'r>(&self, cursors: &mut [u32], row_of: impl Fn(usize) -> &'r [f64]) {
        loop {
            let mut moving = false;
            for (lane, cursor) in cursors.iter_mut().enumerate() {
                if *cursor & LEAF == 0 {
                    *cursor = self.child(&self.nodes[*cursor as usize], row_of(lane));
                    moving = true;
                }
            }
            if !moving {
                return;
            }
        }
    }

    #[inline]
    fn child(&self, node: &Node, row: &[f64]) -> u32 {
        node.children[usize::from(!node.test.answer(row[node.feature as usize], &self.words))]
    }
}

impl Test {
    /// Whether `value` goes to the first child; `words` are those the test's indices count in.
    #[inline]
    pub(in crate::scorer) fn answer(self, value: f64, words: &[u32]) -> bool {
        match self {
            Self::Numeric { threshold, zero_is_missing, missing_left } => {
                let missing = value.is_nan() | (zero_is_missing & (value.abs() <= ZERO));
                if missing { missing_left } else { value <= threshold }
            }
            Self::Category { first, count, rule } => {
                let words = &words[first as usize..][..count as usize];
                match rule {
                    Categories::Truncated => in_set(words, value.trunc()),
                    Categories::Single { missing_yes } if value.is_nan() => missing_yes,
                    Categories::Single { .. } => {
                        #[expect(clippy::cast_possible_truncation, reason = "rounding to single is the point")]
                        let single = value as f32;
                        single >= 0.0 && in_set(words, f64::from(single.trunc()))
                    }
                }
            }
        }
    }
}

impl Sums {
    /// The sum after one more leaf.
    #[inline(always)]
    pub(super) fn add(self, sum: f64, value: f64) -> f64 {
        match self {
            Self::Double => sum + value,
            // A double sum of two singles, rounded once more, is their single sum: 53 bits are more than 2 · 24 + 2.
            #[expect(clippy::cast_possible_truncation, reason = "rounding to single is the point")]
            Self::Single => f64::from((sum + value) as f32),
        }
    }
}

impl LinearLeaf {
    /// The leaf's linear model at `row`; `None` when a value it needs is NaN.
    pub(super) fn answer(&self, row: &[f64]) -> Option<f64> {
        let mut sum = self.constant;
        for (feature, coefficient) in &self.terms {
            let value = row[*feature as usize];
            if value.is_nan() {
                return None;
            }
            // LightGBM drops such values when it copies a row, before any tree sees them.
            sum += coefficient * if value.abs() <= ZERO { 0.0 } else { value };
        }
        Some(sum)
    }
}

/// Whether the category (whole, or NaN) is in the bit set; NaN, negative and beyond the last bit are not.
fn in_set(words: &[u32], category: f64) -> bool {
    if category.is_nan() || category < 0.0 || category >= words.len() as f64 * 32.0 {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the set's bits just above")]
    let bit = category as usize;
    words[bit / 32] >> (bit % 32) & 1 == 1
}

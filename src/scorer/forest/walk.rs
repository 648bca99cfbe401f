//! The walk from root to leaf: every kind of tree, on every machine. What is faster elsewhere is proven equal to it.

use super::{Categories, Forest, LEAF, LinearLeaf, Node, Place, Sums, Test, ZERO};

/// Trees, or rows, walked side by side: their memory latencies overlap.
const LANES: usize = 8;

impl Forest {
    /// Writes to `out` ([`Forest::outputs`] long) the sums of every tree's leaf value for one row, in tree order.
    ///
    /// `row` holds [`Forest::features`] values; the caller has checked both lengths.
    pub(super) fn walk_row(&self, row: &[f64], out: &mut [f64]) {
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

    /// [`Forest::walk_row`] for rows laid end to end.
    pub(super) fn walk_rows(&self, rows: &[f64], out: &mut [f64]) {
        for (at, out) in out.chunks_exact_mut(self.outputs()).enumerate() {
            self.walk_row(&rows[at * self.features..][..self.features], out);
        }
    }

    /// Adds one tree's leaf values for rows laid end to end, one sum a row.
    pub(super) fn add_tree(&self, place: Place, rows: &[f64], sums: &mut [f64]) {
        for (at, sums) in sums.chunks_mut(LANES).enumerate() {
            let row_of = |lane: usize| &rows[(at * LANES + lane) * self.features..][..self.features];
            let mut cursors = [place.root(); LANES];
            self.walk(&mut cursors[..sums.len()], row_of);
            for (lane, sum) in sums.iter_mut().enumerate() {
                self.add(sum, cursors[lane] & !LEAF, row_of(lane));
            }
        }
    }

    /// The leaf that a row reaches in one tree.
    pub(super) fn leaf_of(&self, place: Place, row: &[f64]) -> u32 {
        let mut cursor = [place.root()];
        self.walk(&mut cursor, |_| row);
        cursor[0] & !LEAF
    }

    /// What a leaf answers to a row.
    #[inline]
    pub(super) fn leaf_value(&self, leaf: u32, row: &[f64]) -> f64 {
        match self.linear.get(leaf as usize) {
            Some(Some(linear)) => linear.answer(row).unwrap_or(self.leaves[leaf as usize]),
            _ => self.leaves[leaf as usize],
        }
    }

    /// Adds what a leaf answers to a sum.
    #[inline]
    fn add(&self, sum: &mut f64, leaf: u32, row: &[f64]) {
        *sum = self.sums.add(*sum, self.leaf_value(leaf, row));
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
            Self::Category { rule: Categories::Single { missing_yes }, .. } if value.is_nan() => missing_yes,
            Self::Category { first, count, rule } => {
                let words = &words[first as usize..][..count as usize];
                category(rule, value).is_some_and(|category| {
                    words.get((category / 32) as usize).is_some_and(|word| word >> (category % 32) & 1 == 1)
                })
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

/// The category that a value names; `None` when it cannot be in any set: NaN, negative, absurdly large.
#[inline(always)]
pub(super) fn category(rule: Categories, value: f64) -> Option<u32> {
    let whole = match rule {
        // Truncation comes first: -0.5 is category 0, as in LightGBM.
        Categories::Truncated => value.trunc(),
        #[expect(clippy::cast_possible_truncation, reason = "rounding to single is the point")]
        Categories::Single { .. } if value as f32 >= 0.0 => f64::from((value as f32).trunc()),
        Categories::Single { .. } => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just above")]
    let category = (0.0..f64::from(1_u32 << 31)).contains(&whole).then_some(whole as u32);
    category
}

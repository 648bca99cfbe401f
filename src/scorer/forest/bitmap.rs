//! The answers of a block of rows to every question: one bit a row.

use super::questions::{AxisQuestions, Questions, SetQuestions};
use super::walk::category;

/// Rows of a block.
pub(in crate::scorer) const BLOCK: usize = 512;

/// Rows that stay in the nearest cache while their columns are picked out.
const TILE: usize = 32;

/// One bit for each row of a block.
pub(super) type Bits = [u64; BLOCK / 64];

pub(super) const NONE: Bits = [0; BLOCK / 64];

/// Memory for one block at a time, kept from block to block.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The block's values by column.
    columns: Vec<[f64; BLOCK]>,
    /// Rows by rank, or by category.
    found: Vec<Bits>,
    /// Per question: the rows that answer yes.
    pub yes: Vec<Bits>,
    ranks: Vec<u32>,
}

impl Answers {
    /// Makes room for the questions of a forest over rows of `features` values.
    pub fn fit(&mut self, features: usize, questions: &Questions) {
        let of_axes = questions.axes.iter().map(|asked| asked.axis.len() + 2);
        let of_sets = questions.sets.iter().map(|asked| asked.members.len() + 2);
        let most = of_axes.chain(of_sets).max().unwrap_or(0);
        self.columns.resize(features, [0.0; BLOCK]);
        self.found.resize(most, NONE);
        self.yes.resize(questions.len, NONE);
        self.ranks.resize(BLOCK, 0);
    }

    /// Answers all questions for rows laid end to end, at most [`BLOCK`].
    #[inline(always)]
    pub fn fill(&mut self, questions: &Questions, rows: &[f64]) {
        let features = self.columns.len();
        let count = rows.len() / features;
        for (tile, rows) in rows.chunks(TILE * features).enumerate() {
            for (feature, column) in self.columns.iter_mut().enumerate() {
                let part = &mut column[tile * TILE..];
                for (value, row) in part.iter_mut().zip(rows.chunks_exact(features)) {
                    *value = row[feature];
                }
            }
        }
        for asked in &questions.axes {
            self.answer_axis(asked, count);
        }
        for asked in &questions.sets {
            self.answer_sets(asked, count);
        }
    }

    #[inline(always)]
    fn answer_axis(&mut self, asked: &AxisQuestions, count: usize) {
        let above = asked.axis.len();
        let missing = above + 1;
        let found = &mut self.found[..above + 2];
        found.fill(NONE);
        let values = &self.columns[asked.axis.feature][..count];
        asked.axis.mark(values, &mut self.ranks[..count], found);
        if asked.axis.are_missing(values) {
            for (row, value) in values.iter().enumerate().filter(|(_, value)| asked.axis.is_missing(**value)) {
                found[asked.axis.rank(*value)][row / 64] &= !(1 << (row % 64));
                found[missing][row / 64] |= 1 << (row % 64);
            }
        }
        let missing = found[missing];
        let mut below = NONE;
        for (asked, answer) in asked.asked.iter().zip(&mut self.yes[asked.first..]) {
            // A threshold asked about twice, once for each side of missing values, adds its rows twice: no harm.
            below = or(below, found[asked.rank as usize]);
            *answer = if asked.missing_yes { or(below, missing) } else { below };
        }
    }

    #[inline(always)]
    fn answer_sets(&mut self, asked: &SetQuestions, count: usize) {
        let other = asked.members.len();
        let missing = other + 1;
        let found = &mut self.found[..other + 2];
        found.fill(NONE);
        for (rank, value) in self.ranks.iter_mut().zip(&self.columns[asked.feature][..count]) {
            let place = match category(asked.rule, *value) {
                _ if value.is_nan() => missing,
                Some(category) => asked.members.binary_search(&category).unwrap_or(other),
                None => other,
            };
            #[expect(clippy::cast_possible_truncation, reason = "a forest holds fewer than 2^31 categories")]
            let place = place as u32;
            *rank = place;
        }
        mark(found, &self.ranks[..count]);
        for ((set, missing_yes), answer) in asked.sets.iter().zip(&mut self.yes[asked.first..]) {
            *answer = if *missing_yes { found[missing] } else { NONE };
            for place in set {
                *answer = or(*answer, found[*place as usize]);
            }
        }
    }
}

/// Sets each row's bit at its place.
#[inline(always)]
fn mark(found: &mut [Bits], places: &[u32]) {
    for (word, places) in places.chunks(64).enumerate() {
        for (bit, place) in places.iter().enumerate() {
            found[*place as usize][word] |= 1 << bit;
        }
    }
}

#[inline(always)]
pub(super) fn or(a: Bits, b: Bits) -> Bits {
    std::array::from_fn(|word| a[word] | b[word])
}

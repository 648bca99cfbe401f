//! Which kernel scores which rows; each gives the bits of the walk.

use std::cell::RefCell;

use super::bitmap::BLOCK;
use super::block::{Blocks, Blockwise, Scratch};
use super::questions::Questions;
use super::row::{Rows, SumRow};
#[cfg(target_arch = "x86_64")]
use super::simd::Avx2;
use super::simd::Portable;
use super::{Forest, Test};
use crate::lanes::{Lanes, Task};

/// Rows from which a block costs less than one row after the other (measured), with wide registers and without.
const WORTH_A_BLOCK: usize = 128;
const WORTH_A_BLOCK_BASELINE: usize = 16;

/// Words of category sets beyond which a forest is only walked: sets are listed member by member.
const WORDS_MAX: usize = 1 << 16;

thread_local! {
    /// Kept from call to call: it would cost more to clear than a few rows take to score.
    static SCRATCH: RefCell<Box<Scratch>> = RefCell::new(Box::new(Scratch::new()));
}

/// A forest arranged for its kernels.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    questions: Questions,
    blocks: Blocks,
    rows: Option<Rows>,
}

impl Engine {
    /// `None` for a forest that is better walked.
    pub fn of(forest: &Forest) -> Option<Self> {
        // A set counts as often as it is asked about: each feature lists its members anew.
        let words = forest.nodes.iter().map(|node| match node.test {
            Test::Category { count, .. } => count as usize,
            Test::Numeric { .. } => 0,
        });
        if words.sum::<usize>() > WORDS_MAX || forest.features == 0 {
            return None;
        }
        let questions = Questions::of(&forest.nodes, &forest.words);
        let blocks = Blocks::of(forest, &questions);
        let rows = Rows::of(forest, &questions);
        Some(Self { questions, blocks, rows })
    }

    /// The sums of one row.
    pub fn sum_row(&self, lanes: Lanes, forest: &Forest, row: &[f64], out: &mut [f64]) {
        let Some(rows) = &self.rows else { return forest.walk_row(row, out) };
        let questions = &self.questions;
        #[cfg(target_arch = "x86_64")]
        if lanes != Lanes::Baseline
            && let Some(simd) = Avx2::available()
        {
            return lanes.run(SumRow { simd, rows, forest, questions, row, out });
        }
        SumRow { simd: Portable, rows, forest, questions, row, out }.run();
    }

    /// The sums of rows laid end to end, by whichever kernel is quicker.
    pub fn sum_rows(&self, lanes: Lanes, forest: &Forest, rows: &[f64], out: &mut [f64]) {
        let outputs = forest.outputs();
        let worth = if lanes == Lanes::Baseline { WORTH_A_BLOCK_BASELINE } else { WORTH_A_BLOCK };
        for (rows, out) in rows.chunks(BLOCK * forest.features).zip(out.chunks_mut(BLOCK * outputs)) {
            if out.len() < worth * outputs {
                for (row, out) in rows.chunks_exact(forest.features).zip(out.chunks_exact_mut(outputs)) {
                    self.sum_row(lanes, forest, row, out);
                }
            } else {
                self.sum_block(lanes, forest, rows, out);
            }
        }
    }

    /// The sums of at most [`BLOCK`] rows, laid end to end.
    pub fn sum_block(&self, lanes: Lanes, forest: &Forest, rows: &[f64], out: &mut [f64]) {
        let (questions, blocks) = (&self.questions, &self.blocks);
        SCRATCH.with_borrow_mut(|scratch| {
            #[cfg(target_arch = "x86_64")]
            if lanes != Lanes::Baseline
                && let Some(simd) = Avx2::available()
            {
                return Blockwise { simd, lanes, forest, questions, blocks }.sum(scratch, rows, out);
            }
            Blockwise { simd: Portable, lanes, forest, questions, blocks }.sum(scratch, rows, out);
        });
    }
}

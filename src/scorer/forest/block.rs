//! Many rows at once: 256 rows to a register, one bit each.
//!
//! A node of a tree splits the set of rows that reach it by the answers to its question, which are shared by all nodes
//! that ask it: two instructions for 256 rows. The leaves' sets, read across, are each row's leaf in binary.

use super::bitmap::{Answers, BLOCK, Bits, NONE, or};
use super::questions::Questions;
use super::simd::Simd;
use super::{Forest, LEAF, Place};
use crate::lanes::{Lanes, Task};

/// Leaves of the largest tree that is scored here; its row's leaf is one byte.
pub(super) const LEAVES_MAX: usize = 256;

/// Trees of one output whose leaf values are added in one go.
const TOGETHER: usize = 8;

/// A tree as a list of splits of row sets, parents first.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// First split in `Blocks::splits`; one less than the leaves.
    first: usize,
    splits: usize,
    /// Bits of a leaf's number.
    bits: usize,
}

/// One split: the rows that answer yes go to one set, the others to another.
#[derive(Debug, Clone, Copy)]
struct Split {
    question: u32,
    /// Places in [`Sets`]: splits by their number, leaves by `LEAVES_MAX` + their number.
    yes: u16,
    no: u16,
}

/// Row sets of one tree: of its splits, then of its leaves.
type Sets = [Bits; 2 * LEAVES_MAX];

/// What the batch kernel needs of a forest.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    splits: Vec<Split>,
    /// Leaf values in the programs' numbering.
    values: Vec<f64>,
    /// Per output: its trees in order.
    outputs: Vec<Vec<Tree>>,
}

#[derive(Debug, Clone)]
struct Tree {
    /// `None` for a tree of too many leaves, which is walked.
    program: Option<Program>,
    is_linear: bool,
    /// First of its leaf values.
    values: usize,
    place: Place,
}

/// Memory for one block at a time, kept from call to call.
pub(super) struct Scratch {
    answers: Answers,
    sets: Sets,
    leaves: [[u8; BLOCK]; TOGETHER],
    sums: [f64; BLOCK],
}

impl Scratch {
    #[expect(clippy::large_stack_arrays, reason = "made once per thread, then boxed")]
    pub fn new() -> Self {
        let (sets, leaves) = ([NONE; 2 * LEAVES_MAX], [[0; BLOCK]; TOGETHER]);
        Self { answers: Answers::default(), sets, leaves, sums: [0.0; BLOCK] }
    }
}

impl Blocks {
    pub fn of(forest: &Forest, questions: &Questions) -> Self {
        let mut blocks =
            Self { splits: Vec::new(), values: forest.leaves.clone(), outputs: vec![Vec::new(); forest.outputs()] };
        // So that 256 values may be taken from any leaf on, and a byte indexes them unchecked.
        blocks.values.resize(forest.leaves.len() + LEAVES_MAX, 0.0);
        for place in &forest.trees {
            let leaves = place.nodes as usize + 1;
            let is_linear = forest.is_linear(*place);
            let program = (leaves <= LEAVES_MAX).then(|| blocks.program(forest, questions, *place));
            let tree = Tree { program, is_linear, values: place.leaf as usize, place: *place };
            blocks.outputs[place.output as usize].push(tree);
        }
        blocks
    }

    /// Numbers the splits so that parents come first; leaves keep the file's numbers.
    fn program(&mut self, forest: &Forest, questions: &Questions, place: Place) -> Program {
        let first = self.splits.len();
        let mut order: Vec<u32> = if place.nodes == 0 { Vec::new() } else { vec![place.node] };
        let mut at = 0;
        while at < order.len() {
            let node = order[at];
            let places = forest.nodes[node as usize].children.map(|child| {
                if child & LEAF == 0 {
                    order.push(child);
                    order.len() - 1
                } else {
                    LEAVES_MAX + ((child & !LEAF) - place.leaf) as usize
                }
            });
            #[expect(clippy::cast_possible_truncation, reason = "below 2 · LEAVES_MAX")]
            let [yes, no] = places.map(|place| place as u16);
            self.splits.push(Split { question: questions.of_node[node as usize], yes, no });
            at += 1;
        }
        Program { first, splits: order.len(), bits: (usize::BITS - order.len().leading_zeros()) as usize }
    }
}

/// Scores blocks of rows.
pub(super) struct Blockwise<'a, S> {
    pub simd: S,
    pub lanes: Lanes,
    pub forest: &'a Forest,
    pub questions: &'a Questions,
    pub blocks: &'a Blocks,
}

impl<S: Simd> Blockwise<'_, S> {
    /// Sums of at most [`BLOCK`] rows, end to end.
    pub fn sum(&self, scratch: &mut Scratch, rows: &[f64], out: &mut [f64]) {
        let Scratch { answers, sets, leaves, sums } = scratch;
        answers.fit(self.forest.features, self.questions);
        self.lanes.run(Fill { answers, questions: self.questions, rows });
        let outputs = self.forest.outputs();
        let count = out.len() / outputs;
        for (output, trees) in self.blocks.outputs.iter().enumerate() {
            sums.fill(self.forest.start[output]);
            let mut rest = trees.as_slice();
            while !rest.is_empty() {
                let is_ready = |tree: &&Tree| tree.program.is_some() && !tree.is_linear;
                let ready = rest.iter().take(TOGETHER).take_while(is_ready).count();
                // As many as there is a copy of `add` for.
                let together = if ready == TOGETHER { TOGETHER } else { ready.min(2) };
                let (now, later) = rest.split_at(together.max(1));
                rest = later;
                for (tree, leaves) in now.iter().zip(leaves.iter_mut()) {
                    if let Some(program) = &tree.program {
                        let splits = &self.blocks.splits[program.first..][..program.splits];
                        let bits = program.bits;
                        self.lanes.run(Find { simd: self.simd, splits, bits, yes: &answers.yes, sets, leaves });
                    }
                }
                match together {
                    TOGETHER => add(self.values::<TOGETHER>(now), leaves, sums, self.forest.sums),
                    2 => add(self.values::<2>(now), leaves, sums, self.forest.sums),
                    1 => add(self.values::<1>(now), leaves, sums, self.forest.sums),
                    _ if now[0].program.is_some() => {
                        self.add_linear(now[0].place, rows, &leaves[0], &mut sums[..count]);
                    }
                    _ => self.forest.add_tree(now[0].place, rows, &mut sums[..count]),
                }
            }
            for (scores, sum) in out.chunks_exact_mut(outputs).zip(sums.iter()) {
                scores[output] = *sum;
            }
        }
    }
}

impl<S> Blockwise<'_, S> {
    /// Adds what the leaves of a linear tree answer.
    fn add_linear(&self, place: Place, rows: &[f64], leaves: &[u8; BLOCK], sums: &mut [f64]) {
        for ((row, leaf), sum) in rows.chunks_exact(self.forest.features).zip(leaves).zip(sums) {
            *sum = self.forest.sums.add(*sum, self.forest.leaf_value(place.leaf + u32::from(*leaf), row));
        }
    }

    /// The trees' leaf values, as many as a byte can ask for.
    fn values<const TREES: usize>(&self, trees: &[Tree]) -> [&[f64; LEAVES_MAX]; TREES] {
        std::array::from_fn(|at| self.blocks.values[trees[at].values..].first_chunk().unwrap_or(&[0.0; LEAVES_MAX]))
    }
}

/// Answers all questions for the rows of a block.
struct Fill<'a> {
    answers: &'a mut Answers,
    questions: &'a Questions,
    rows: &'a [f64],
}

impl Task for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.answers.fill(self.questions, self.rows);
    }
}

/// Finds the leaf of every row in one tree.
struct Find<'a, S> {
    simd: S,
    splits: &'a [Split],
    bits: usize,
    yes: &'a [Bits],
    sets: &'a mut Sets,
    leaves: &'a mut [u8; BLOCK],
}

impl<S: Simd> Task for Find<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { simd, splits, bits, yes, sets, leaves } = self;
        sets[0] = [u64::MAX; BLOCK / 64];
        for (at, split) in splits.iter().enumerate() {
            let (here, answers) = (sets[at % LEAVES_MAX], yes[split.question as usize]);
            sets[split.yes as usize % (2 * LEAVES_MAX)] = std::array::from_fn(|word| here[word] & answers[word]);
            sets[split.no as usize % (2 * LEAVES_MAX)] = std::array::from_fn(|word| here[word] & !answers[word]);
        }
        let of_leaves = &mut sets[LEAVES_MAX..];
        of_leaves[splits.len() + 1..1 << bits].fill(NONE);
        match bits {
            0 => leaves.fill(0),
            1..=3 => {
                of_leaves[1 << bits..8].fill(NONE);
                simd.number(&digits::<3>(of_leaves), leaves);
            }
            4 => simd.number(&digits::<4>(of_leaves), leaves),
            5 => simd.number(&digits::<5>(of_leaves), leaves),
            6 => simd.number(&digits::<6>(of_leaves), leaves),
            7 => simd.number(&digits::<7>(of_leaves), leaves),
            _ => simd.number(&digits::<8>(of_leaves), leaves),
        }
    }
}

/// Binary digits of every row's leaf number, lowest first: the odd leaves' rows have the lowest digit; then leaf `i` is
/// the union of `2 i` and `2 i + 1`, and so on. The sets are overwritten.
#[inline(always)]
fn digits<const DIGITS: usize>(sets: &mut [Bits]) -> [Bits; DIGITS] {
    let mut digits = [NONE; DIGITS];
    let sets = &mut sets[..1 << DIGITS];
    for (digit, bits) in digits.iter_mut().enumerate() {
        for pair in 0..1 << DIGITS >> (digit + 1) {
            let odd = sets[2 * pair + 1];
            *bits = or(*bits, odd);
            sets[pair] = or(sets[2 * pair], odd);
        }
    }
    digits
}

/// Adds the trees' leaf values, one after the other, to every row's sum.
///
/// On its own, for it needs all registers.
#[inline(never)]
fn add<const TREES: usize>(
    values: [&[f64; LEAVES_MAX]; TREES],
    leaves: &[[u8; BLOCK]; TOGETHER],
    sums: &mut [f64; BLOCK],
    how: super::Sums,
) {
    for (row, sum) in sums.iter_mut().enumerate() {
        let mut after = *sum;
        for (values, leaves) in values.iter().zip(leaves) {
            after = how.add(after, values[leaves[row] as usize]);
        }
        *sum = after;
    }
}

//! One row at once: 64 trees side by side, one byte each.
//!
//! With its leaves numbered from left to right, a tree is a list of cuts: a node divides the leaves before its cut from
//! those after it. The stretch of leaves that are still possible shrinks at every cut inside it, to the side that the
//! row's answer says; a cut outside it belongs to a node that the row does not reach. So no tree is walked and no branch
//! depends on data: all trees take the same steps, whatever their shapes, and what is left is the row's leaf.

use super::block::LEAVES_MAX;
use super::codes::{COLUMNS_MAX, Codes};
use super::picked::Picked;
use super::questions::Questions;
use super::simd::{LANES, Simd};
use super::{Forest, LEAF, Place};
use crate::lanes::Task;

/// A rank that no byte of a row is above (sign turned over).
const NEVER_ABOVE: u8 = u8::MAX ^ 0x80;

/// What the one-row kernel needs of a forest.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    codes: Codes,
    groups: Vec<Group>,
    cuts: Vec<Cuts>,
    /// Per tree, from left to right: the leaves' values.
    values: Vec<f64>,
}

/// Neighbouring trees, scored side by side.
#[derive(Debug, Clone, Copy)]
struct Group {
    first_tree: usize,
    /// Trees, at most one a lane.
    trees: usize,
    /// First of its cuts, and how many there are; `None` for a tree of too many leaves, which is walked.
    cuts: Option<(usize, usize)>,
}

/// One node of each tree of a group, a node never before its parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cuts {
    /// Column of the row's bytes that is asked about.
    pub columns: [u8; LANES],
    /// The answer is no when the row's byte is above this one; both have their signs turned over.
    pub ranks: [u8; LANES],
    /// Number of the first leaf after the cut, its sign turned over.
    pub leaves: [u8; LANES],
}

impl Cuts {
    /// What a tree that has no more nodes is asked: a cut before all leaves, so never inside a stretch.
    const NONE: Self = Self { columns: [0; LANES], ranks: [NEVER_ABOVE; LANES], leaves: [0x80; LANES] };
}

impl Rows {
    /// `None` for a forest whose questions do not fit into bytes, and for one of linear trees.
    pub fn of(forest: &Forest, questions: &Questions) -> Option<Self> {
        if !forest.linear.is_empty() {
            return None;
        }
        let (codes, values) = (Codes::of(questions)?, vec![0.0; forest.leaves.len()]);
        let mut rows = Self { codes, groups: Vec::new(), cuts: Vec::new(), values };
        let fits = |place: &Place| (place.nodes as usize) < LEAVES_MAX;
        let mut first = 0;
        while let Some(place) = forest.trees.get(first) {
            let trees = forest.trees[first..].iter().take(LANES).take_while(|place| fits(place)).count();
            if fits(place) {
                rows.add_group(forest, questions, first, trees);
            } else {
                rows.groups.push(Group { first_tree: first, trees: 1, cuts: None });
            }
            first += trees.max(1);
        }
        Some(rows)
    }

    fn add_group(&mut self, forest: &Forest, questions: &Questions, first_tree: usize, trees: usize) {
        let places = &forest.trees[first_tree..][..trees];
        let count = places.iter().map(|place| place.nodes as usize).max().unwrap_or(0);
        let first = self.cuts.len();
        self.cuts.resize(first + count, Cuts::NONE);
        self.groups.push(Group { first_tree, trees, cuts: Some((first, count)) });
        for (lane, place) in places.iter().enumerate() {
            let mut nodes = self.number_leaves(forest, *place);
            // Nodes come from left to right; on the way from the root to a leaf, parents lie above.
            nodes.sort_by_key(|(_, depth, _)| *depth);
            for (cuts, (node, _, leaf)) in self.cuts[first..].iter_mut().zip(nodes) {
                let (column, rank) = self.codes.of_question[questions.of_node[node as usize] as usize];
                (cuts.columns[lane], cuts.ranks[lane]) = (column, rank);
                #[expect(clippy::cast_possible_truncation, reason = "below LEAVES_MAX")]
                let leaf = leaf as u8 ^ 0x80;
                cuts.leaves[lane] = leaf;
            }
        }
    }

    /// Numbers a tree's leaves from left to right; returns its nodes, their depths and the first leaves after their cuts.
    fn number_leaves(&mut self, forest: &Forest, place: Place) -> Vec<(u32, usize, usize)> {
        let mut next = 0;
        let mut nodes = Vec::with_capacity(place.nodes as usize);
        // A node's turn comes twice: on the way down, and when the leaves of its "yes" side have their numbers.
        let mut pending = vec![(place.root(), 0, false)];
        while let Some((at, depth, is_cut)) = pending.pop() {
            if at & LEAF != 0 {
                self.values[place.leaf as usize + next] = forest.leaves[(at & !LEAF) as usize];
                next += 1;
            } else if is_cut {
                nodes.push((at, depth, next));
            } else {
                let [yes, no] = forest.nodes[at as usize].children;
                pending.extend([(no, depth + 1, false), (at, depth, true), (yes, depth + 1, false)]);
            }
        }
        nodes
    }
}

/// Scores one row.
pub(super) struct SumRow<'a, S> {
    pub simd: S,
    pub rows: &'a Rows,
    pub forest: &'a Forest,
    pub questions: &'a Questions,
    pub row: &'a [f64],
    pub out: &'a mut [f64],
}

impl<S: Simd> Task for SumRow<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { simd, rows, forest, questions, row, out } = self;
        let mut bytes = [0; COLUMNS_MAX];
        rows.codes.fill(questions, row, &mut bytes);
        out.copy_from_slice(&forest.start);
        let mut picked = Picked::new();
        let mut values = [0.0; LANES];
        for group in &rows.groups {
            let trees = &forest.trees[group.first_tree..][..group.trees];
            if let Some((first, count)) = group.cuts {
                let leaves = simd.leaves(&bytes, rows.codes.columns, &rows.cuts[first..][..count]);
                for ((place, leaf), value) in trees.iter().zip(leaves).zip(&mut values) {
                    *value = rows.values[place.leaf as usize + leaf as usize];
                }
            } else {
                values[0] = forest.leaves[forest.leaf_of(trees[0], row) as usize];
            }
            picked.take(&values[..trees.len()], forest, out);
        }
        picked.flush(forest, out);
    }
}

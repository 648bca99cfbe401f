//! Trees of any format as flat arrays.
//!
//! **A forest holds trees only**: [`Forest::push`] proves at load that every node and every leaf is reached exactly
//! once from the root, so a walk ends and never indexes outside, whatever the file said.

mod axis;
mod bitmap;
mod block;
mod codes;
mod engine;
mod picked;
mod questions;
mod row;
mod simd;
mod tree;
mod walk;

use std::sync::Arc;

use crate::lanes::Lanes;
use engine::Engine;

pub(super) use bitmap::BLOCK;
pub(super) use tree::{Categories, LEAF, LinearLeaf, Node, Test, Tree, ZERO};

/// One way to the sums; all of them end at the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Every tree from its root to a leaf, row by row: the definition.
    Walk,
    /// One row at a time, many trees side by side.
    Row(Lanes),
    /// Blocks of rows.
    Block(Lanes),
}

/// In which precision leaf values are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sums {
    /// `LightGBM`: double.
    Double,
    /// `XGBoost`: each sum is rounded to single precision.
    Single,
}

/// All trees of a model, in the order in which their leaf values are added.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    words: Vec<u32>,
    /// Per leaf of the forest, or empty when no tree is linear; `None` for a leaf that is a constant.
    linear: Vec<Option<LinearLeaf>>,
    covers: Vec<Covers>,
    trees: Vec<Place>,
    features: usize,
    /// What each output's sum begins with.
    start: Vec<f64>,
    sums: Sums,
    /// Whether tree `i` adds to output `i % outputs`.
    takes_turns: bool,
    engine: Option<Arc<Engine>>,
}

/// Where a tree lies in the forest's arrays.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// First node.
    node: u32,
    /// First leaf.
    leaf: u32,
    /// Nodes; there is one leaf more.
    nodes: u32,
    /// Score its leaves add to.
    output: u32,
}

impl Place {
    fn root(self) -> u32 {
        if self.nodes == 0 { LEAF | self.leaf } else { self.node }
    }
}

/// Training rows that reached the nodes, then the leaves of one tree; empty when the file does not tell.
type Covers = Vec<f64>;

impl Forest {
    /// An empty forest over rows of `features` values; `start` holds what the sum of each output (at least one)
    /// begins with.
    pub fn new(features: usize, start: Vec<f64>, sums: Sums) -> Self {
        Self {
            nodes: Vec::new(),
            leaves: Vec::new(),
            words: Vec::new(),
            linear: Vec::new(),
            covers: Vec::new(),
            trees: Vec::new(),
            features,
            start,
            sums,
            takes_turns: true,
            engine: None,
        }
    }

    /// Arranges the trees for the kernels; to be called after the last [`Forest::push`].
    pub fn sealed(mut self) -> Self {
        self.engine = Engine::of(&self).map(Arc::new);
        self
    }

    /// Writes the sum of every tree's leaf value for one row, in tree order, on one instruction set.
    ///
    /// `row` holds one value per feature, `out` one sum per output; the caller has checked both lengths.
    pub fn sum_row(&self, lanes: Lanes, row: &[f64], out: &mut [f64]) {
        match &self.engine {
            Some(engine) => engine.sum_row(lanes, self, row, out),
            None => self.walk_row(row, out),
        }
    }

    /// Writes the sums of rows laid end to end, on one instruction set; the bits are those of [`Forest::sum_row`].
    pub fn sum_rows(&self, lanes: Lanes, rows: &[f64], out: &mut [f64]) {
        match &self.engine {
            Some(engine) => engine.sum_rows(lanes, self, rows, out),
            None => self.walk_rows(rows, out),
        }
    }

    /// Writes the sums of one row or, at most [`BLOCK`] of them, of rows laid end to end, by one kernel.
    pub fn sum_by(&self, kernel: Kernel, rows: &[f64], out: &mut [f64]) {
        match (kernel, &self.engine) {
            (Kernel::Row(lanes), _) => self.sum_row(lanes, rows, out),
            (Kernel::Block(lanes), Some(engine)) => engine.sum_block(lanes, self, rows, out),
            (Kernel::Walk, _) | (Kernel::Block(_), None) => self.walk_rows(rows, out),
        }
    }

    /// Whether a tree has models in its leaves.
    fn is_linear(&self, place: Place) -> bool {
        self.linear.get(place.leaf as usize).is_some_and(Option::is_some)
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Scores per row.
    pub fn outputs(&self) -> usize {
        self.start.len()
    }

    /// Adds a tree that adds to `output`, after proving that it is a tree; the error says why it is not.
    pub fn push(&mut self, tree: Tree, output: usize) -> Result<(), String> {
        tree.check(self.features)?;
        let output = match u32::try_from(output) {
            Ok(index) if output < self.outputs() => index,
            _ => return Err(format!("it adds to score {output} of {}", self.outputs())),
        };
        let shift = |base: usize, more: usize| match u32::try_from(base + more) {
            Ok(end) if end < LEAF => u32::try_from(base).map_err(|_| "more nodes than a forest can hold".to_owned()),
            _ => Err("more nodes than a forest can hold".to_owned()),
        };
        let node = shift(self.nodes.len(), tree.nodes.len())?;
        let leaf = shift(self.leaves.len(), tree.leaves.len())?;
        let word = shift(self.words.len(), tree.words.len())?;
        let nodes = shift(tree.nodes.len(), 0)?;
        // Adding a base cannot reach the mark: `shift` has just bounded the sums below it.
        let moved = |child: u32| if child & LEAF == 0 { child + node } else { child + leaf };
        self.nodes.extend(tree.nodes.iter().map(|split| Node {
            test: match split.test {
                Test::Category { first, count, rule } => Test::Category { first: first + word, count, rule },
                numeric @ Test::Numeric { .. } => numeric,
            },
            feature: split.feature,
            children: split.children.map(moved),
        }));
        if !tree.linear.is_empty() {
            self.linear.resize(self.leaves.len(), None);
            self.linear.extend(tree.linear.into_iter().map(Some));
        }
        self.leaves.extend_from_slice(&tree.leaves);
        if !self.linear.is_empty() {
            self.linear.resize(self.leaves.len(), None);
        }
        self.words.extend_from_slice(&tree.words);
        self.covers.push(tree.covers);
        self.takes_turns &= self.trees.len() % self.outputs() == output as usize;
        self.trees.push(Place { node, leaf, nodes, output });
        Ok(())
    }
}

//! Trees of any format as flat arrays.
//!
//! **A forest holds trees only**: [`Forest::push`] proves at load that every node and every leaf is reached exactly
//! once from the root, so a walk ends and never indexes outside, whatever the file said.

mod tree;
mod view;
mod walk;

pub(super) use tree::{Categories, LEAF, LinearLeaf, Node, Test, Tree, ZERO};
pub(super) use view::{Child, TreeView};

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
        }
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
        self.trees.push(Place { node, leaf, nodes, output });
        Ok(())
    }
}

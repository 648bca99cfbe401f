//! One tree of a forest, to be read without knowing where the forest keeps it.

use super::{Forest, LEAF, Node};

/// A tree's own parts, indices local to it; a test's category set counts in `words`.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorer) struct TreeView<'f> {
    /// Splits, the root first.
    pub nodes: &'f [Node],
    /// Leaf values, one more than there are splits.
    pub leaves: &'f [f64],
    /// Training rows (or their weight) that reached each split, then each leaf; empty when the file does not tell.
    pub covers: &'f [f64],
    /// The forest's category sets.
    pub words: &'f [u32],
    /// Score the leaves add to.
    pub output: usize,
    /// Whether a leaf holds a linear model.
    pub is_linear: bool,
    first_node: u32,
    first_leaf: u32,
}

/// Where a branch leads.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorer) enum Child {
    /// To this split of the tree.
    Split(usize),
    /// To this leaf of the tree.
    Leaf(usize),
}

impl TreeView<'_> {
    /// Where the branch "yes" and the branch "no" of a split lead.
    pub fn children(&self, split: usize) -> [Child; 2] {
        self.nodes[split].children.map(|child| {
            if child & LEAF == 0 {
                Child::Split((child - self.first_node) as usize)
            } else {
                Child::Leaf(((child & !LEAF) - self.first_leaf) as usize)
            }
        })
    }

    /// Training rows that went where a branch leads; the caller has seen that `covers` is not empty.
    pub fn cover(&self, child: Child) -> f64 {
        match child {
            Child::Split(split) => self.covers[split],
            Child::Leaf(leaf) => self.covers[self.nodes.len() + leaf],
        }
    }
}

impl Forest {
    /// Every tree, in the order in which their leaf values are added.
    pub fn views(&self) -> impl Iterator<Item = TreeView<'_>> {
        self.trees.iter().zip(&self.covers).map(|(place, covers)| {
            let (node, leaf, nodes) = (place.node as usize, place.leaf as usize, place.nodes as usize);
            TreeView {
                nodes: &self.nodes[node..node + nodes],
                leaves: &self.leaves[leaf..=leaf + nodes],
                covers,
                words: &self.words,
                output: place.output as usize,
                is_linear: self.is_linear(*place),
                first_node: place.node,
                first_leaf: place.leaf,
            }
        })
    }

    /// What the sum of each output begins with.
    pub fn start(&self) -> &[f64] {
        &self.start
    }
}

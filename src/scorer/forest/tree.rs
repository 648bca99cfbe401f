//! One tree as its file tells it, and the proof that it is one.

/// `LightGBM`'s `kZeroThreshold`: a float literal widened to double, so slightly more than 1e-35.
pub(in crate::scorer) const ZERO: f64 = 1e-35_f32 as f64;

/// Marks a [`Node`] child that is a leaf; the low bits are then the leaf's index.
pub(in crate::scorer) const LEAF: u32 = 1 << 31;

/// The question a node asks about one value of the row; "yes" goes to the first child.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scorer) enum Test {
    /// `value <= threshold`, except that a missing value goes where `missing_left` says.
    Numeric {
        /// Never NaN.
        threshold: f64,
        /// Whether |value| ≤ [`ZERO`] counts as missing too; NaN always does.
        zero_is_missing: bool,
        /// Side of a missing value.
        missing_left: bool,
    },
    /// The value, as an integer, is a member of a bit set: words of the tree's (later the forest's) `words`.
    Category {
        /// Index of the first 32-bit word.
        first: u32,
        /// Number of words.
        count: u32,
        /// How a value becomes an integer, and where NaN goes.
        rule: Categories,
    },
}

/// How a library reads a category out of a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorer) enum Categories {
    /// Truncated to an integer (-0.5 is 0); NaN is in no set.
    Truncated,
    /// Rounded to single precision, then truncated; below zero is in no set; NaN answers `missing_yes`.
    Single {
        /// The answer for NaN.
        missing_yes: bool,
    },
}

/// One split. Children: an index into the nodes, or [`LEAF`] | an index into the leaves.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorer) struct Node {
    /// What is asked.
    pub test: Test,
    /// Column of the row it is asked about.
    pub feature: u32,
    /// Where "yes" and "no" lead.
    pub children: [u32; 2],
}

/// What a leaf of a linear tree answers: `constant + Σ coefficient · value`; the plain leaf value when one is NaN.
#[derive(Debug, Clone, Default)]
pub(in crate::scorer) struct LinearLeaf {
    /// The constant.
    pub constant: f64,
    /// Column and coefficient, in the file's order.
    pub terms: Vec<(u32, f64)>,
}

/// One tree as its file tells it, indices local to the tree, root = node 0 (or leaf 0 when there is no node).
#[derive(Debug, Default)]
pub(in crate::scorer) struct Tree {
    /// Splits.
    pub nodes: Vec<Node>,
    /// Leaf values, one more than there are nodes.
    pub leaves: Vec<f64>,
    /// Bit sets of the categorical splits.
    pub words: Vec<u32>,
    /// Models in the leaves, one per leaf; empty for a tree of constants.
    pub linear: Vec<LinearLeaf>,
    /// Training rows (or their weight) that reached each node, then each leaf; empty when the file does not tell.
    pub covers: Vec<f64>,
}

impl Tree {
    /// Proves that this is a tree over rows of `features` values; the error is the sentence that says why it is not.
    pub fn check(&self, features: usize) -> Result<(), String> {
        if self.leaves.len() != self.nodes.len() + 1 {
            return Err(format!("{} leaves do not fit {} splits", self.leaves.len(), self.nodes.len()));
        }
        if let Some(leaf) = self.leaves.iter().position(|value| !value.is_finite()) {
            return Err(format!("leaf {leaf} has the value {}, which is not finite", self.leaves[leaf]));
        }
        for (at, node) in self.nodes.iter().enumerate() {
            if node.feature as usize >= features {
                return Err(format!("split {at} asks for feature {} of {features}", node.feature));
            }
            match node.test {
                Test::Numeric { threshold, .. } if threshold.is_nan() => {
                    return Err(format!("split {at} has the threshold NaN"));
                }
                Test::Category { first, count, .. } if first as usize + count as usize > self.words.len() => {
                    return Err(format!("split {at} has a category set outside the {} words", self.words.len()));
                }
                _ => {}
            }
        }
        self.check_linear(features)?;
        self.check_covers()?;
        self.check_shape()
    }

    fn check_linear(&self, features: usize) -> Result<(), String> {
        if !self.linear.is_empty() && self.linear.len() != self.leaves.len() {
            return Err(format!("{} linear leaves do not fit {} leaves", self.linear.len(), self.leaves.len()));
        }
        for (at, leaf) in self.linear.iter().enumerate() {
            if let Some((feature, _)) = leaf.terms.iter().find(|(feature, _)| *feature as usize >= features) {
                return Err(format!("linear leaf {at} asks for feature {feature} of {features}"));
            }
            if !leaf.constant.is_finite() || leaf.terms.iter().any(|(_, coefficient)| !coefficient.is_finite()) {
                return Err(format!("linear leaf {at} has a constant or coefficient that is not finite"));
            }
        }
        Ok(())
    }

    fn check_covers(&self) -> Result<(), String> {
        let needed = self.nodes.len() + self.leaves.len();
        if !self.covers.is_empty() && self.covers.len() != needed {
            return Err(format!("{} counts do not fit {needed} splits and leaves", self.covers.len()));
        }
        match self.covers.iter().find(|count| !count.is_finite() || **count < 0.0) {
            Some(count) => Err(format!("a split or leaf was reached by {count} training rows")),
            None => Ok(()),
        }
    }

    /// Refuses children out of range, nodes reached twice (hence cycles) and nodes never reached.
    fn check_shape(&self) -> Result<(), String> {
        let mut seen_nodes = vec![false; self.nodes.len()];
        let mut seen_leaves = vec![false; self.leaves.len()];
        let mut pending = vec![if self.nodes.is_empty() { LEAF } else { 0 }];
        while let Some(at) = pending.pop() {
            let index = (at & !LEAF) as usize;
            let (kind, seen) = if at & LEAF == 0 { ("split", &mut seen_nodes) } else { ("leaf", &mut seen_leaves) };
            match seen.get_mut(index) {
                None => return Err(format!("a child is {kind} {index}, there are {}", seen.len())),
                Some(true) => return Err(format!("{kind} {index} is reached twice: not a tree")),
                Some(fresh) => *fresh = true,
            }
            if at & LEAF == 0 {
                pending.extend(self.nodes[index].children);
            }
        }
        // Reached exactly once each so far; with one more leaf than splits nothing can be left over, but say so if it is.
        match seen_nodes.iter().chain(&seen_leaves).filter(|seen| !**seen).count() {
            0 => Ok(()),
            left => Err(format!("{left} splits or leaves are never reached from the root")),
        }
    }
}

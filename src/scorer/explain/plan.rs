//! A tree laid out for explaining: its branches in the order of a walk through all of it, with their shares.

use crate::scorer::forest::{Child, Test, TreeView};

/// Different features on one path; beyond it a row's work would grow with nobody able to read the answer.
const FEATURES_ON_A_PATH_MAX: usize = 512;

/// Values kept per thread along one path (splits on it, times points of the integral): 32 MB for each of three lists.
const PATH_VALUES_MAX: usize = 1 << 22;

/// Mark of "no branch above asks about this feature".
pub(super) const NONE: u32 = u32::MAX;

/// The way from a split to one of its children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    /// The split's question.
    pub test: Test,
    /// Column it is asked about.
    pub feature: u32,
    /// The answer that takes this branch.
    pub yes: bool,
    /// Share of the split's training rows that took it.
    pub share: f64,
    /// Branches from the root to here, this one included.
    pub depth: u32,
    /// Depth of the nearest branch above that asks about the same feature, or [`NONE`].
    pub same: u32,
    /// Value of the leaf it leads to, if it does.
    pub leaf: Option<f64>,
    /// Index of the first branch that is not below this one.
    pub end: u32,
}

/// One tree, ready to be explained for any row.
#[derive(Debug)]
pub(super) struct Plan<'f> {
    /// Branches, parents before children, each subtree in one piece.
    pub branches: Vec<Branch>,
    /// Category sets of the tests.
    pub words: &'f [u32],
    /// Length of the longest path.
    pub depth: usize,
    /// Points at which the integrals are exact; 0 for a tree without splits.
    pub points: usize,
    /// Mean leaf value, weighted by the training rows.
    pub expected: f64,
    /// Score the tree adds to.
    pub output: usize,
}

/// A branch that is open while what lies below it is laid out.
struct Open {
    at: usize,
    feature: usize,
    /// What `Layout::nearest` said before.
    before: u32,
    /// Different features down to here.
    features: usize,
    /// Product of shares down to here.
    reach: f64,
}

impl<'f> Plan<'f> {
    /// Lays a tree over rows of `features` values out; the error is the sentence that says why it cannot be explained.
    pub fn new(tree: &TreeView<'f>, features: usize) -> Result<Self, String> {
        if tree.is_linear {
            return Err("contributions are not defined for linear trees (is_linear=1)".to_owned());
        }
        let mut plan = Self {
            branches: Vec::with_capacity(2 * tree.nodes.len()),
            words: tree.words,
            depth: 0,
            points: 0,
            expected: 0.0,
            output: tree.output,
        };
        if tree.nodes.is_empty() {
            plan.expected = tree.leaves[0];
            return Ok(plan);
        }
        if tree.covers.is_empty() {
            return Err("the file does not count the training rows at its splits and leaves (internal_count and \
                        leaf_count, or sum_hessian), which contributions need"
                .to_owned());
        }
        plan.lay_out(tree, features)?;
        if plan.depth.saturating_mul(plan.points) > PATH_VALUES_MAX {
            return Err(format!("a path of {} splits is too long to be explained", plan.depth));
        }
        Ok(plan)
    }

    fn lay_out(&mut self, tree: &TreeView<'f>, features: usize) -> Result<(), String> {
        let mut open: Vec<Open> = Vec::new();
        // Depth of the deepest open branch that asks about each feature.
        let mut nearest = vec![NONE; features];
        let mut most_features = 0;
        // Splits whose branch (1 is "no") is still to be laid out, and the depth it will have.
        let mut pending = vec![(0_usize, 1_usize, 1_u32), (0, 0, 1)];
        while let Some((split, side, depth)) = pending.pop() {
            self.close(&mut open, &mut nearest, depth as usize - 1);
            let (node, child) = (&tree.nodes[split], tree.children(split)[side]);
            if tree.covers[split] <= 0.0 {
                return Err(format!("no training row reached split {split}, so contributions are not defined"));
            }
            let feature = node.feature as usize;
            let (above, reach) = open.last().map_or((0, 1.0), |last| (last.features, last.reach));
            let before = nearest[feature];
            let on_path = above + usize::from(before == NONE);
            if on_path > FEATURES_ON_A_PATH_MAX {
                return Err(format!(
                    "a path asks about more than {FEATURES_ON_A_PATH_MAX} features, too many to explain"
                ));
            }
            let share = tree.cover(child) / tree.covers[split];
            let leaf = match child {
                Child::Leaf(leaf) => Some(tree.leaves[leaf]),
                Child::Split(below) => {
                    pending.extend([(below, 1, depth + 1), (below, 0, depth + 1)]);
                    None
                }
            };
            self.expected += leaf.map_or(0.0, |value| reach * share * value);
            most_features = most_features.max(on_path);
            self.depth = self.depth.max(depth as usize);
            nearest[feature] = depth;
            open.push(Open { at: self.branches.len(), feature, before, features: on_path, reach: reach * share });
            let (test, feature, yes) = (node.test, node.feature, side == 0);
            self.branches.push(Branch { test, feature, yes, share, depth, same: before, leaf, end: 0 });
        }
        self.close(&mut open, &mut nearest, 0);
        // The integrands have a degree one below the features on the path.
        self.points = most_features.div_ceil(2);
        Ok(())
    }

    /// Ends the open branches deeper than `depth`.
    fn close(&mut self, open: &mut Vec<Open>, nearest: &mut [u32], depth: usize) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a forest holds fewer nodes than 2^31, hence branches than 2^32"
        )]
        let end = self.branches.len() as u32;
        for closed in open.drain(depth..).rev() {
            nearest[closed.feature] = closed.before;
            self.branches[closed.at].end = end;
        }
    }
}

//! Exact path-dependent Shapley values of one tree for one row, in time linear in the tree.
//!
//! A subset S of the features is valued by walking down with the row's answers where the feature is known and with
//! the training rows' shares where it is not (Lundberg, Erion, Lee: Consistent individualized feature attribution for
//! tree ensembles, 2018). Of the different features j of a leaf's path, let `z[j]` be the product of the shares of the
//! branches that ask about j, and `o[j]` 1 when the row takes them all, else 0. The leaf, of value v, counts for S as
//!
//! ```text
//! v · product of o[j] (j in S) · product of z[j] (j not in S).
//! ```
//!
//! The Shapley weight of s known ones among m is an integral over t in 0..1, of t^s · (1 - t)^(m - s - 1), so the sum
//! over all subsets folds into
//!
//! ```text
//! contribution of i = v · (o[i] - z[i]) · integral of the product over j ≠ i of (t · o[j] + (1 - t) · z[j]),
//! ```
//!
//! a polynomial that few Gauss-Legendre points integrate exactly. All factors are positive: nothing cancels, however
//! long the path. A walk keeps the product at each point going down and the sums over leaves coming up; each branch
//! settles its feature for all leaves below it at once, taking back what the branch above with the same feature gave.

use super::plan::{NONE, Plan};
use super::quadrature::Rule;

/// A share so small that the leaves below weigh nothing beside the others; cut before it becomes a division by zero.
const NO_SHARE: f64 = 1e-200;

/// What a walk remembers of the branches it stands under, reused from row to row.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Per depth and point: the product of all factors.
    products: Vec<f64>,
    /// Per depth and point: one over the factor of the branch's feature.
    inverses: Vec<f64>,
    /// Per depth and point: Σ leaf value · product over the leaves seen below.
    sums: Vec<f64>,
    /// Open branches, by depth (the first stands for the root).
    open: Vec<Step>,
}

/// An open branch, all branches above about the same feature counted in.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    feature: usize,
    same: u32,
    /// z: product of the shares.
    share: f64,
    /// o: whether the row takes them all.
    taken: bool,
}

impl Step {
    fn gain(self) -> f64 {
        f64::from(u8::from(self.taken)) - self.share
    }
}

impl Walk {
    /// Adds the contributions of a tree for `row` to `out`, one value per feature; the mean is not added.
    pub fn add(&mut self, plan: &Plan, rule: &Rule, row: &[f64], out: &mut [f64]) {
        let values = (plan.depth + 1) * plan.points;
        for list in [&mut self.products, &mut self.inverses, &mut self.sums] {
            list.resize(list.len().max(values), 0.0);
        }
        self.products[..plan.points].fill(1.0);
        self.open.clear();
        self.open.push(Step::default());
        let mut at = 0;
        while let Some(branch) = plan.branches.get(at) {
            while self.open.len() > branch.depth as usize {
                self.settle(rule, out);
            }
            let feature = branch.feature as usize;
            let above = if branch.same == NONE { None } else { self.open.get(branch.same as usize) };
            let (share, taken) = above.map_or((1.0, true), |step| (step.share, step.taken));
            let taken = taken && branch.test.answer(row[feature], plan.words) == branch.yes;
            let step = Step { feature, same: branch.same, share: share * branch.share, taken };
            if !step.taken && step.share < NO_SHARE {
                at = branch.end as usize;
                continue;
            }
            self.enter(step, rule);
            if let Some(value) = branch.leaf {
                let from = (self.open.len() - 1) * plan.points;
                let products = &self.products[from..][..plan.points];
                self.sums[from..][..plan.points].iter_mut().zip(products).for_each(|(sum, p)| *sum = value * p);
            }
            at += 1;
        }
        while self.open.len() > 1 {
            self.settle(rule, out);
        }
    }

    /// Opens a branch below the last one: its factor replaces that of the branch above about the same feature.
    fn enter(&mut self, step: Step, rule: &Rule) {
        let points = rule.points.len();
        let from = self.open.len() * points;
        let (above, products) = self.products.split_at_mut(from);
        let (replaced, inverses) = self.inverses.split_at_mut(from);
        let (above, products) = (&above[from - points..], &mut products[..points]);
        let inverses = &mut inverses[..points];
        let replaced = if step.same == NONE { &[][..] } else { &replaced[step.same as usize * points..][..points] };
        for k in 0..points {
            let taken = if step.taken { rule.points[k] } else { 0.0 };
            let factor = step.share * rule.complements[k] + taken;
            products[k] = above[k] * factor * replaced.get(k).copied().unwrap_or(1.0);
            inverses[k] = 1.0 / factor;
        }
        self.sums[from..][..points].fill(0.0);
        self.open.push(step);
    }

    /// Closes the last branch: its feature receives its part of every leaf below, the branch above their sums.
    fn settle(&mut self, rule: &Rule, out: &mut [f64]) {
        let Some(step) = self.open.pop() else { return };
        let points = rule.points.len();
        let from = self.open.len() * points;
        let (above, sums) = self.sums.split_at_mut(from);
        let (above, sums) = (&mut above[from - points..], &sums[..points]);
        let inverses = &self.inverses[from..][..points];
        let same = self.open.get(step.same as usize).filter(|_| step.same != NONE);
        let before = same.map_or(0.0, |step| step.gain());
        let replaced =
            if step.same == NONE { inverses } else { &self.inverses[step.same as usize * points..][..points] };
        let gain = step.gain();
        let mut contribution = 0.0;
        for k in 0..points {
            contribution += rule.weights[k] * sums[k] * (gain * inverses[k] - before * replaced[k]);
            above[k] += sums[k];
        }
        out[step.feature] += contribution;
    }
}

//! The distinct questions of a forest: the same question asked by a thousand nodes is answered once.

use std::collections::{BTreeMap, BTreeSet};

use super::axis::Axis;
use super::{Categories, Node, Test};

/// All questions, those about one feature side by side.
#[derive(Debug, Clone)]
pub(super) struct Questions {
    /// Questions about order.
    pub axes: Vec<AxisQuestions>,
    /// Questions about membership.
    pub sets: Vec<SetQuestions>,
    /// Question of each node.
    pub of_node: Vec<u32>,
    /// Number of questions.
    pub len: usize,
}

/// The questions `value <= threshold` about one feature; they are numbered from `first` on.
#[derive(Debug, Clone)]
pub(super) struct AxisQuestions {
    pub axis: Axis,
    pub first: usize,
    /// By rising threshold.
    pub asked: Vec<Asked>,
}

/// One question: is the value's rank at most this one?
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Rank of the threshold.
    pub rank: u32,
    /// The answer for a missing value.
    pub missing_yes: bool,
}

/// The questions "is its category in the set" about one feature; they are numbered from `first` on.
#[derive(Debug, Clone)]
pub(super) struct SetQuestions {
    pub feature: usize,
    pub rule: Categories,
    pub first: usize,
    /// Categories that stand in any of the sets, ascending.
    pub members: Vec<u32>,
    /// The sets, as places in `members`, and the answer for NaN.
    pub sets: Vec<(Vec<u32>, bool)>,
}

impl Questions {
    /// Gathers the questions of `nodes`, whose category sets lie in `words`.
    pub fn of(nodes: &[Node], words: &[u32]) -> Self {
        let mut questions = Self { axes: Vec::new(), sets: Vec::new(), of_node: vec![0; nodes.len()], len: 0 };
        questions.gather_axes(nodes);
        questions.gather_sets(nodes, words);
        questions
    }

    fn gather_axes(&mut self, nodes: &[Node]) {
        type Asking = Vec<(f64, bool, usize)>;
        let mut of_feature: BTreeMap<(u32, bool), Asking> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if let Test::Numeric { threshold, zero_is_missing, missing_left } = node.test {
                let asked = of_feature.entry((node.feature, zero_is_missing)).or_default();
                asked.push((threshold, missing_left, at));
            }
        }
        for ((feature, zero_is_missing), mut asked) in of_feature {
            // By `==` and `<`: no threshold is NaN, and -0.0 asks what 0.0 asks.
            asked.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal).then(a.1.cmp(&b.1)));
            let first = self.len;
            let (mut thresholds, mut distinct): (Vec<f64>, Vec<Asked>) = (Vec::new(), Vec::new());
            for (threshold, missing_yes, node) in asked {
                if thresholds.last() != Some(&threshold) {
                    thresholds.push(threshold);
                }
                let rank = number(thresholds.len() - 1);
                if !distinct.last().is_some_and(|last| last.rank == rank && last.missing_yes == missing_yes) {
                    distinct.push(Asked { rank, missing_yes });
                }
                self.of_node[node] = number(first + distinct.len() - 1);
            }
            self.len += distinct.len();
            let axis = Axis::new(feature as usize, zero_is_missing, thresholds);
            self.axes.push(AxisQuestions { axis, first, asked: distinct });
        }
    }

    fn gather_sets(&mut self, nodes: &[Node], words: &[u32]) {
        type Asking = BTreeMap<(Vec<u32>, bool), Vec<usize>>;
        let mut of_feature: BTreeMap<(u32, bool), Asking> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if let Test::Category { first, count, rule } = node.test {
                let (single, missing_yes) = match rule {
                    Categories::Truncated => (false, false),
                    Categories::Single { missing_yes } => (true, missing_yes),
                };
                let set = members(&words[first as usize..][..count as usize]);
                let asking = of_feature.entry((node.feature, single)).or_default();
                asking.entry((set, missing_yes)).or_default().push(at);
            }
        }
        for ((feature, single), asking) in of_feature {
            let distinct: BTreeSet<u32> = asking.keys().flat_map(|(set, _)| set).copied().collect();
            let members: Vec<u32> = distinct.into_iter().collect();
            let first = self.len;
            let mut sets = Vec::with_capacity(asking.len());
            for ((set, missing_yes), nodes) in asking {
                let places = set.iter().map(|category| number(members.partition_point(|other| other < category)));
                sets.push((places.collect(), missing_yes));
                for node in nodes {
                    self.of_node[node] = number(first + sets.len() - 1);
                }
            }
            self.len += sets.len();
            let rule = if single { Categories::Single { missing_yes: false } } else { Categories::Truncated };
            self.sets.push(SetQuestions { feature: feature as usize, rule, first, members, sets });
        }
    }
}

/// The categories of a bit set, ascending.
fn members(words: &[u32]) -> Vec<u32> {
    let in_word = |(at, word): (usize, &u32)| {
        let word = *word;
        (0..32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| number(at * 32) + bit)
    };
    words.iter().enumerate().flat_map(in_word).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a forest holds fewer than 2^31 nodes and words")]
fn number(count: usize) -> u32 {
    count as u32
}

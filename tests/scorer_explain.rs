//! Contributions against Shapley values computed from their definition, over all subsets; and against hostile trees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "indices and categories here are small whole numbers"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mt5_sentinel::Error;
use mt5_sentinel::scorer::Model;
use ndarray::{Array2, Axis};

/// Knuth's MMIX constants; a fixed seed keeps the test the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// A tree in the form of the file; children as the file has them, a leaf being its complement.
#[derive(Default)]
struct Drawn {
    feature: Vec<usize>,
    threshold: Vec<f64>,
    /// 1 category, 8 and 10 NaN to the right and to the left, 6 zero too and to the left.
    decision: Vec<u8>,
    sets: Vec<u32>,
    children: Vec<[i32; 2]>,
    counts: Vec<u32>,
    leaves: Vec<(f64, u32)>,
}

impl Drawn {
    /// A tree of random shape whose counts add up; every feature may come back on a path.
    fn random(random: &mut Random, features: usize, splits: usize) -> Self {
        let mut tree = Self { leaves: vec![(0.0, 0)], ..Self::default() };
        let count = u32::try_from(1 + random.below(400)).unwrap() + 200;
        tree.leaves[0] = (random.below(2000) as f64 / 100.0 - 10.0, count);
        let mut place: Vec<Option<(usize, usize)>> = vec![None];
        for split in 0..splits {
            let leaf = random.below(tree.leaves.len());
            let (value, count) = tree.leaves[leaf];
            // Now and then a child that no training row reached.
            let left = if count == 0 || random.below(9) == 0 {
                0
            } else {
                u32::try_from(random.below(count as usize)).unwrap()
            };
            if count == 0 {
                continue;
            }
            let at = tree.feature.len();
            if let Some((parent, side)) = place[leaf] {
                tree.children[parent][side] = i32::try_from(at).unwrap();
            }
            tree.feature.push(random.below(features));
            let decision = [1, 6, 8, 10][random.below(4)];
            tree.decision.push(decision);
            tree.threshold.push(if decision == 1 { tree.sets.len() as f64 } else { random.below(9) as f64 - 4.0 });
            if decision == 1 {
                tree.sets.push(u32::try_from(random.below(1 << 5)).unwrap());
            }
            tree.counts.push(count);
            tree.leaves[leaf] = (value + split as f64, left);
            tree.leaves.push((random.below(2000) as f64 / 100.0 - 10.0, count - left));
            place[leaf] = Some((at, 0));
            place.push(Some((at, 1)));
            tree.children.push([!i32::try_from(leaf).unwrap(), !i32::try_from(tree.leaves.len() - 1).unwrap()]);
        }
        tree
    }

    fn text(&self, index: usize) -> String {
        fn line<T: std::fmt::Debug>(values: impl Iterator<Item = T>) -> String {
            values.map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" ")
        }
        let mut text = format!("Tree={index}\nnum_leaves={}\nnum_cat={}\n", self.leaves.len(), self.sets.len());
        let side = |side: usize| line(self.children.iter().map(move |children| children[side]));
        for (key, values) in [
            ("split_feature", line(self.feature.iter())),
            ("threshold", line(self.threshold.iter())),
            ("decision_type", line(self.decision.iter())),
            ("left_child", side(0)),
            ("right_child", side(1)),
            ("leaf_value", line(self.leaves.iter().map(|leaf| leaf.0))),
            ("leaf_count", line(self.leaves.iter().map(|leaf| leaf.1))),
            ("internal_count", line(self.counts.iter())),
        ] {
            writeln!(text, "{key}={values}").unwrap();
        }
        if !self.sets.is_empty() {
            writeln!(text, "cat_boundaries={}", line(0..=self.sets.len())).unwrap();
            writeln!(text, "cat_threshold={}", line(self.sets.iter())).unwrap();
        }
        text + "shrinkage=1\n\n\n"
    }

    fn yes(&self, split: usize, row: &[f64]) -> bool {
        let (value, threshold) = (row[self.feature[split]], self.threshold[split]);
        match self.decision[split] {
            1 => (0..32).any(|bit| value.trunc() == f64::from(bit) && self.sets[threshold as usize] >> bit & 1 == 1),
            6 if value == 0.0 => true,
            6 | 10 => value.is_nan() || value <= threshold,
            _ => value <= threshold,
        }
    }

    /// The value of the tree where only the features of the bit set `known` are known: the definition, by recursion.
    fn value(&self, child: i32, known: usize, row: &[f64]) -> f64 {
        let Ok(split) = usize::try_from(child) else { return self.leaves[(!child) as usize].0 };
        let [yes, no] = self.children[split];
        if known >> self.feature[split] & 1 == 1 {
            return self.value(if self.yes(split, row) { yes } else { no }, known, row);
        }
        let count = |child: i32| {
            usize::try_from(child).map_or(self.leaves.get((!child) as usize).map_or(0, |l| l.1), |s| self.counts[s])
        };
        [yes, no]
            .iter()
            .map(|child| match count(*child) {
                0 => 0.0,
                n => f64::from(n) / f64::from(self.counts[split]) * self.value(*child, known, row),
            })
            .sum()
    }

    /// Shapley values over all subsets, then the value of knowing nothing.
    fn shapley(&self, row: &[f64]) -> Vec<f64> {
        let n = row.len();
        let root = if self.feature.is_empty() { -1 } else { 0 };
        let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
        let mut out = vec![0.0; n + 1];
        for known in 0..1_usize << n {
            let size = known.count_ones() as usize;
            for feature in (0..n).filter(|feature| known >> feature & 1 == 0) {
                let weight = factorial(size) * factorial(n - size - 1) / factorial(n);
                let more = self.value(root, known | 1 << feature, row) - self.value(root, known, row);
                out[feature] += weight * more;
            }
        }
        out[n] = self.value(root, 0, row);
        out
    }
}

fn model(features: usize, trees: &[String]) -> Model {
    let names: Vec<String> = (0..features).map(|at| format!("f{at}")).collect();
    let infos = vec!["[-1:1]"; features].join(" ");
    let sizes: Vec<String> = trees.iter().map(|tree| tree.len().to_string()).collect();
    let text = format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\n\
         objective=regression\nfeature_names={}\nfeature_infos={infos}\ntree_sizes={}\n\n{}end of trees\n",
        features - 1,
        names.join(" "),
        sizes.join(" "),
        trees.concat()
    );
    Model::from_bytes(text.as_bytes()).unwrap()
}

/// A chain of splits, one leaf each; `feature` says what split `at` asks about.
fn chain(splits: usize, feature: impl Fn(usize) -> usize) -> String {
    let count = |at: usize| u32::try_from(2 * (splits - at) + 2).unwrap();
    let mut leaves: Vec<(f64, u32)> = (0..splits).map(|at| ((at % 7) as f64, 2)).collect();
    leaves.push((3.5, 2));
    let next =
        |at: usize| if at + 1 < splits { i32::try_from(at + 1).unwrap() } else { !i32::try_from(splits).unwrap() };
    let tree = Drawn {
        feature: (0..splits).map(feature).collect(),
        threshold: (0..splits).map(|at| -(at as f64)).collect(),
        decision: vec![8; splits],
        children: (0..splits).map(|at| [next(at), !i32::try_from(at).unwrap()]).collect(),
        counts: (0..splits).map(count).collect(),
        leaves,
        ..Drawn::default()
    };
    tree.text(0)
}

fn refusal(model: &Model) -> String {
    match model.explain(&vec![0.5; model.feature_names().len()]).unwrap_err() {
        Error::BadModel { place, problem } => format!("{place}: {problem}"),
        other => panic!("not BadModel: {other:?}"),
    }
}

#[test]
fn contributions_are_the_shapley_values_of_their_definition() {
    let mut random = Random(4);
    let mut compared = 0;
    for round in 0..150 {
        let features = 1 + round % 6;
        let trees: Vec<Drawn> = (0..3).map(|at| Drawn::random(&mut random, features, (round + 4 * at) % 14)).collect();
        let texts: Vec<String> = trees.iter().enumerate().map(|(at, tree)| tree.text(at)).collect();
        let model = model(features, &texts);
        for _ in 0..5 {
            let mut draw = || [f64::NAN, 0.0, -0.5, f64::INFINITY, 1.0, 2.0, 3.0, -3.5, 31.0][random.below(9)];
            let row: Vec<f64> = (0..features).map(|_| draw()).collect();
            let ours = model.explain(&row).unwrap();
            assert_eq!(ours.dim(), (1, features + 1));
            let mut expected = vec![0.0; features + 1];
            for tree in &trees {
                expected.iter_mut().zip(tree.shapley(&row)).for_each(|(sum, value)| *sum += value);
            }
            for (a, b) in ours.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-11, "round {round}, {row:?}: {ours} beside {expected:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
}

#[test]
fn contributions_of_every_fixture_sum_to_the_raw_score() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer");
    let mut compared = 0;
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let model = Model::from_bytes(&fs::read(&entry).unwrap()).unwrap();
        let width = model.feature_names().len();
        let rows = Array2::from_shape_fn((70, width), |(i, j)| {
            [f64::NAN, -1.0, 0.0, 0.3, 1.0, 60.0, 7.5, f64::NEG_INFINITY][(i * 5 + j * 3 + i * j) % 8]
        });
        let all = model.explain_batch(rows.view()).unwrap();
        assert_eq!(all.dim(), (70, model.num_classes(), width + 1));
        let raw = model.score_batch(rows.view(), true).unwrap();
        for (sum, raw) in all.sum_axis(Axis(2)).iter().zip(&raw) {
            assert!((sum - raw).abs() < 1e-12 * raw.abs().max(1.0), "{}: {sum}, not {raw}", entry.display());
            compared += 1;
        }
        for (row, parts) in rows.outer_iter().zip(all.outer_iter()) {
            let single = model.explain(&row.to_vec()).unwrap();
            assert!(single.iter().zip(parts).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", entry.display());
        }
    }
    assert!(compared > 1_000, "{compared}");
}

#[test]
fn a_chain_of_ten_thousand_splits_takes_no_stack_and_little_time() {
    let start = Instant::now();
    let long = model(5, &[chain(10_000, |at| at % 5)]);
    let row = [-9_000.5, -400.0, -9_000.0, -9_999.0, f64::NAN];
    for row in [row, [f64::NEG_INFINITY; 5]] {
        let (parts, raw) = (long.explain(&row).unwrap(), long.score_raw(&row).unwrap());
        assert!((parts.sum() - raw[0]).abs() < 1e-9, "{parts} beside {raw:?}");
    }
    let wide = model(400, &[chain(10_000, |at| at % 400)]);
    let row = vec![-9_500.0; 400];
    assert!((wide.explain(&row).unwrap().sum() - wide.score_raw(&row).unwrap()[0]).abs() < 1e-9);
    assert!(start.elapsed() < Duration::from_secs(30), "took {:?}", start.elapsed());
}

#[test]
fn a_tree_that_cannot_be_explained_is_named() {
    let too_many = model(10_000, &[chain(10_000, |at| at)]);
    assert_eq!(refusal(&too_many), "tree 0: a path asks about more than 512 features, too many to explain");
    let too_long = model(500, &[chain(30_000, |at| at % 500)]);
    assert_eq!(refusal(&too_long), "tree 0: a path of 30000 splits is too long to be explained");
    let text = chain(3, |at| at);
    let (before, counts) = text.split_once("internal_count=").unwrap();
    let uncounted = format!("{before}{}", &counts[counts.find('\n').unwrap() + 1..]);
    let sentence = refusal(&model(3, &[uncounted]));
    assert!(sentence.starts_with("tree 0: the file does not count the training rows"), "{sentence}");
    let unreached = text.replacen("internal_count=8 6", "internal_count=8 0", 1);
    assert_ne!(unreached, text);
    let sentence = refusal(&model(3, &[unreached]));
    assert_eq!(sentence, "tree 0: no training row reached split 1, so contributions are not defined");
}

#[test]
fn a_row_of_another_length_is_not_explained() {
    let model = model(2, &[chain(2, |at| at)]);
    let error = model.explain(&[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "row 0 cannot be scored: it has 1 values, the model needs 2");
    assert_eq!(model.explain_batch(Array2::zeros((0, 2)).view()).unwrap().dim(), (0, 1, 3));
}

//! Every kernel on every instruction set of the machine gives the bits of the walk from root to leaf.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "support is not an interface")]

#[path = "support/random_forest.rs"]
mod random_forest;

use mt5_sentinel::lanes::Lanes;
use mt5_sentinel::scorer::{Kernel, Model};
use ndarray::{Array2, s};
use random_forest::{Draw, Shape, text, threshold};

const ORDINARY: Shape = Shape {
    features: 22,
    classes: 3,
    trees: 21,
    leaves: (2, 31),
    thresholds: 200,
    is_chain: false,
    categories: 0,
    is_linear: false,
    missing: &[0, 1, 2],
};

/// Values that a question might mistake: thresholds and their neighbours, zeros of all sizes, NaN, infinities.
fn value(feature: usize, shape: &Shape, draw: &mut Draw) -> f64 {
    let edge = threshold(feature, draw.below(shape.thresholds));
    let zero = f64::from(1e-35_f32);
    match draw.below(12) {
        0 => f64::NAN,
        1 => draw.of(&[f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN]),
        2 => draw.of(&[0.0, -0.0, 1e-36, -1e-36, zero, -zero, zero.next_up(), (-zero).next_down(), 5e-324]),
        3 => edge,
        4 => edge.next_up(),
        5 => edge.next_down(),
        6 | 7 => draw.below(100) as f64 + draw.of(&[0.0, 0.5, -0.5, -1.0]),
        _ => (draw.unit() - 0.5) * draw.of(&[1e-9, 1.0, 60.0, 1e4]) + draw.of(&[0.0, 1.1]),
    }
}

fn rows(count: usize, shape: &Shape, draw: &mut Draw) -> Array2<f64> {
    Array2::from_shape_fn((count, shape.features), |(_, feature)| value(feature, shape, draw))
}

fn kernels() -> Vec<Kernel> {
    Lanes::available().into_iter().flat_map(|lanes| [Kernel::Row(lanes), Kernel::Block(lanes)]).collect()
}

fn bits(scores: &Array2<f64>) -> Vec<u64> {
    scores.iter().map(|score| score.to_bits()).collect()
}

fn assert_equal(name: &str, shape: &Shape) {
    for seed in 0..2 {
        let mut draw = Draw(seed);
        let model = Model::from_bytes(text(shape, &mut draw).as_bytes()).unwrap();
        let rows = rows(530, shape, &mut draw);
        let walked = bits(&model.score_raw_by(Kernel::Walk, &rows.view()).unwrap());
        assert!(
            walked.iter().collect::<std::collections::BTreeSet<_>>().len() > 3,
            "{name}: the rows tell leaves apart"
        );
        for kernel in kernels() {
            // Row by row is slow without optimisation, and each row is on its own.
            let count = if matches!(kernel, Kernel::Row(_)) { 80 } else { rows.nrows() };
            let walked = &walked[..count * shape.classes];
            let scores = bits(&model.score_raw_by(kernel, &rows.slice(s![..count, ..])).unwrap());
            let differ = scores.iter().zip(walked).filter(|(a, b)| a != b).count();
            assert_eq!(differ, 0, "{name}, seed {seed}, {kernel:?}: {differ} of {} scores differ", walked.len());
        }
        let batch = bits(&model.score_batch(rows.view(), true).unwrap());
        assert!(batch == walked, "{name}, seed {seed}: the batch differs");
        for count in [1, 20, 128, 512, 513] {
            let part = model.score_batch(rows.slice(s![..count, ..]), true).unwrap();
            assert!(bits(&part)[..] == walked[..count * shape.classes], "{name}, seed {seed}: {count} rows differ");
        }
    }
}

#[test]
fn on_ordinary_trees() {
    assert_equal("ordinary", &ORDINARY);
    assert_equal("one class", &Shape { classes: 1, ..ORDINARY });
    assert_equal("two classes", &Shape { classes: 2, trees: 20, ..ORDINARY });
}

#[test]
fn on_trees_of_every_size() {
    for leaves in [(1, 2), (2, 2), (3, 5), (7, 9), (15, 17), (31, 33), (63, 65), (127, 129), (255, 256), (250, 270)] {
        assert_equal(&format!("{leaves:?} leaves"), &Shape { leaves, ..ORDINARY });
    }
}

#[test]
fn on_chains() {
    assert_equal("chains", &Shape { is_chain: true, leaves: (2, 256), ..ORDINARY });
}

#[test]
fn on_more_trees_than_lanes() {
    assert_equal("many trees", &Shape { trees: 300, leaves: (1, 15), ..ORDINARY });
    assert_equal("many trees, some too large", &Shape { trees: 300, leaves: (247, 262), ..ORDINARY });
}

#[test]
fn on_many_thresholds() {
    for thresholds in [1, 2, 254, 255, 256, 257, 600, 5_000] {
        let shape = Shape { features: 2, trees: 60, leaves: (100, 200), thresholds, ..ORDINARY };
        assert_equal(&format!("{thresholds} thresholds"), &shape);
    }
}

#[test]
fn on_few_and_many_features() {
    for features in [1, 8, 15, 16, 17, 33, 60, 65, 120, 129, 250, 300] {
        assert_equal(&format!("{features} features"), &Shape { features, trees: 90, ..ORDINARY });
    }
}

#[test]
fn on_each_missing_type() {
    for missing in [&[0][..], &[1], &[2]] {
        assert_equal(&format!("missing {missing:?}"), &Shape { missing, ..ORDINARY });
    }
}

#[test]
fn on_categories() {
    for categories in [5, 50, 100] {
        assert_equal(&format!("{categories} % categories"), &Shape { categories, features: 6, ..ORDINARY });
    }
}

#[test]
fn on_linear_trees() {
    assert_equal("linear", &Shape { is_linear: true, trees: 90, ..ORDINARY });
    assert_equal("linear, some too large", &Shape { is_linear: true, leaves: (200, 300), ..ORDINARY });
}

#[test]
fn on_a_model_without_a_split() {
    let shape = Shape { leaves: (1, 1), trees: 3, ..ORDINARY };
    let mut draw = Draw(1);
    let model = Model::from_bytes(text(&shape, &mut draw).as_bytes()).unwrap();
    let rows = rows(600, &shape, &mut draw);
    let walked = bits(&model.score_raw_by(Kernel::Walk, &rows.view()).unwrap());
    for kernel in kernels() {
        assert!(bits(&model.score_raw_by(kernel, &rows.view()).unwrap()) == walked, "{kernel:?}");
    }
}

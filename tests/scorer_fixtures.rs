//! Scores of every fixture against `LightGBM`'s own answers: raw by bits, linked within 2 ulp, one row and batch alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};

use mt5_sentinel::scorer::Model;
use ndarray::Array2;

/// Rows with `LightGBM`'s answers; see `tests/data/scorer/make_fixtures.py`.
struct Fixture {
    name: String,
    model: Model,
    rows: Array2<f64>,
    raw: Array2<f64>,
    scores: Array2<f64>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer")
}

fn fixture(name: &str) -> Fixture {
    let text = fs::read(data().join(format!("{name}.txt"))).unwrap();
    let model = Model::from_bytes(&text).unwrap();
    let csv = fs::read_to_string(data().join(format!("{name}.csv"))).unwrap();
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let (features, classes) = (model.feature_names().len(), model.num_classes());
    assert_eq!(header[..features], model.feature_names()[..], "{name}");
    assert_eq!(header.len(), features + 2 * classes, "{name}");
    let values: Vec<f64> = lines.flat_map(|line| line.split(',').map(|text| text.parse::<f64>().unwrap())).collect();
    let all = Array2::from_shape_vec((values.len() / header.len(), header.len()), values).unwrap();
    let part = |from: usize, to: usize| all.slice(ndarray::s![.., from..to]).as_standard_layout().into_owned();
    let (rows, raw) = (part(0, features), part(features, features + classes));
    Fixture { name: name.to_owned(), scores: part(features + classes, header.len()), model, rows, raw }
}

fn fixtures() -> Vec<Fixture> {
    let names = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let names = names.filter(|path| path.extension().is_some_and(|ext| ext == "txt"));
    let mut names: Vec<String> = names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names.iter().map(|name| fixture(name)).collect()
}

/// Steps between floats of one sign; everything here is finite.
fn ulps(a: f64, b: f64) -> u64 {
    assert!(a.is_finite() && b.is_finite() && a.is_sign_positive() == b.is_sign_positive(), "{a} beside {b}");
    a.to_bits().abs_diff(b.to_bits())
}

fn bits(values: &Array2<f64>) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_fixture_has_the_raw_bits_of_lightgbm() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for f in fixtures() {
        for (at, (row, expected)) in f.rows.outer_iter().zip(f.raw.outer_iter()).enumerate() {
            let raw = f.model.score_raw(&row.to_vec()).unwrap();
            compared += raw.len();
            if raw.iter().zip(expected).any(|(a, b)| a.to_bits() != b.to_bits()) {
                wrong.push(format!("{} row {at} {row}: {raw:?}, LightGBM {expected}", f.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows differ, first:\n{}", wrong.len(), wrong[0]);
    assert!(compared > 5_000, "only {compared} scores were compared");
    eprintln!("{compared} raw scores equal by bits");
}

#[test]
fn every_fixture_has_the_linked_scores_of_lightgbm_within_two_ulp() {
    let (mut compared, mut equal, mut worst) = (0_u64, 0_u64, 0);
    for f in fixtures() {
        for (row, expected) in f.rows.outer_iter().zip(f.scores.outer_iter()) {
            let scores = f.model.score(&row.to_vec()).unwrap();
            for (a, b) in scores.iter().zip(expected) {
                let apart = ulps(*a, *b);
                assert!(apart <= 2, "{}: {a:?}, LightGBM {b:?}, {apart} ulp apart, row {row}", f.name);
                compared += 1;
                equal += u64::from(apart == 0);
                worst = worst.max(apart);
            }
        }
    }
    assert!(compared > 5_000, "only {compared} scores were compared");
    eprintln!("{equal} of {compared} linked scores equal by bits, worst {worst} ulp");
}

#[test]
fn a_batch_has_the_bits_of_single_rows() {
    for f in fixtures() {
        let classes = f.model.num_classes();
        // Sizes around the 64-row block and the 8 lanes, and more than one block.
        for size in [0, 1, 7, 8, 9, 63, 64, 65, 90] {
            let rows = f.rows.slice(ndarray::s![..size, ..]);
            for raw in [false, true] {
                let single = |row: &[f64]| if raw { f.model.score_raw(row) } else { f.model.score(row) };
                let expected: Vec<f64> = rows.outer_iter().flat_map(|row| single(&row.to_vec()).unwrap()).collect();
                let batch = f.model.score_batch(rows, raw).unwrap();
                assert_eq!(batch.dim(), (size, classes));
                assert_eq!(
                    bits(&batch),
                    bits(&Array2::from_shape_vec((size, classes), expected).unwrap()),
                    "{}",
                    f.name
                );
            }
        }
    }
}

#[test]
fn a_batch_of_any_memory_layout_has_the_same_bits() {
    let f = fixture("multiclass_nan");
    let straight = f.model.score_batch(f.rows.view(), false).unwrap();
    let by_column = f.rows.t().as_standard_layout().into_owned();
    assert_eq!(bits(&f.model.score_batch(by_column.t(), false).unwrap()), bits(&straight));
    let backwards = f.model.score_batch(f.rows.slice(ndarray::s![..;-1, ..]), false).unwrap();
    assert_eq!(bits(&backwards.slice(ndarray::s![..;-1, ..]).to_owned()), bits(&straight));
}

#[test]
fn the_fixtures_cover_what_they_are_for() {
    let lines = |name: &str, start: &str| {
        let text = fs::read_to_string(data().join(format!("{name}.txt"))).unwrap();
        let found: Vec<String> = text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect();
        found.join(" ")
    };
    for (name, decisions) in [
        ("multiclass_none", &["2"][..]),
        ("multiclass_nan", &["8", "10"]),
        ("multiclass_zero", &["4", "6"]),
        ("categorical", &["9"]),
    ] {
        let found = lines(name, "decision_type=").replace("decision_type=", "");
        assert!(decisions.iter().all(|d| found.split(' ').any(|f| f == *d)), "{name}: {found}");
    }
    assert!(lines("one_leaf", "num_leaves=").contains("num_leaves=1"));
    assert_eq!(lines("multiclass_rf", "average_output"), "average_output");
    for (name, objective) in [("binary", "binary"), ("regression_sqrt", "regression"), ("poisson", "poisson")] {
        assert_eq!(fixture(name).model.objective(), objective);
    }
    assert_eq!(fixture("multiclass_none").model.num_trees(), 15);
    assert_eq!(fixtures().len(), 20);
}

#[test]
fn a_row_of_another_length_is_refused() {
    let f = fixture("multiclass_nan");
    for length in [0, 3, 5] {
        let text = f.model.score(&vec![0.0; length]).unwrap_err().to_string();
        assert_eq!(text, format!("row 0 cannot be scored: it has {length} values, the model needs 4"));
        assert_eq!(f.model.score_batch(Array2::zeros((9, length)).view(), false).unwrap_err().to_string(), text);
    }
    let text = f.model.score_into(&[0.0; 4], &mut [0.0; 1]).unwrap_err().to_string();
    assert_eq!(text, "row 0 cannot be scored: the output holds 1 scores, the model gives 3");
}

#[test]
fn the_digest_is_that_of_the_files_bytes() {
    // Python's hashlib wrote the sums when the fixtures were made.
    let sums = fs::read_to_string(data().join("SHA256SUMS")).unwrap();
    for f in fixtures() {
        assert!(sums.contains(&format!("{}  {}.txt\n", f.model.sha256(), f.name)), "{}", f.name);
    }
}

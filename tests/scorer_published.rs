//! Published model files of older `LightGBM` versions, kept outside the repository; skipped by name where they are not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::Path;

use mt5_sentinel::scorer::Model;

fn published(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/models").join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        eprintln!("SKIPPED: ../shared/data/models/{name} is not here");
    }
    bytes
}

#[test]
fn a_v3_multiclass_file_loads_and_gives_probabilities() {
    let Some(text) = published("multiclass.txt") else { return };
    let model = Model::from_bytes(&text).unwrap();
    assert_eq!((model.num_classes(), model.num_trees(), model.feature_names().len()), (3, 120, 13));
    let scores = model.score(&[0.0; 13]).unwrap();
    assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{scores:?}");
}

#[test]
fn a_v3_regression_file_loads() {
    let Some(text) = published("boston_housing.txt") else { return };
    let model = Model::from_bytes(&text).unwrap();
    assert_eq!((model.num_classes(), model.num_trees(), model.objective()), (1, 100, "regression"));
    let price = model.score(&[0.1, 18.0, 2.3, 0.0, 0.5, 6.5, 65.0, 4.0, 1.0, 296.0, 15.3, 396.9, 5.0]).unwrap()[0];
    assert!((5.0..50.0).contains(&price), "{price} thousand dollars");
}

#[test]
fn a_v2_categorical_file_gives_its_published_predictions() {
    let (Some(text), Some(rows), Some(answers)) = (
        published("toy_categorical_model.txt"),
        published("toy_categorical.test"),
        published("toy_categorical.test.pred"),
    ) else {
        return;
    };
    let model = Model::from_bytes(&text).unwrap();
    let (rows, answers) = (String::from_utf8(rows).unwrap(), String::from_utf8(answers).unwrap());
    let mut compared = 0;
    for (line, answer) in rows.lines().zip(answers.lines()) {
        // Label first, then `column:value`; a column that is not named is 0.
        let mut row = [0.0; 2];
        for pair in line.split(' ').skip(1) {
            let (column, value) = pair.split_once(':').unwrap();
            row[column.parse::<usize>().unwrap()] = value.parse().unwrap();
        }
        // Published with 18 decimals: the nearest f64 of the text is the answer itself.
        assert_eq!(model.score(&row).unwrap()[0].to_bits(), answer.parse::<f64>().unwrap().to_bits(), "{line}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} rows");
}

//! Golden rows: replayed exactly, and refused when they are about another model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(dead_code, missing_docs, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bundles.rs"]
mod bundles;

use bundles::{Files, data, load, manifest, refusal, rows_of, sha256, sound};
use mt5_sentinel::scorer::{Model, verify_golden};

#[test]
fn golden_rows_are_replayed_exactly() {
    let model = Model::from_bytes(&data("multiclass_nan.txt")).unwrap();
    for (kind, allowed) in [("raw", 0), ("score", 2)] {
        let good = rows_of(kind, 142);
        assert_eq!(verify_golden(&model, good.as_bytes()).unwrap(), 142);
        let line = good.lines().nth(3).unwrap();
        let (before, value) = line.rsplit_once(',').unwrap();
        for (steps, accepted) in [(allowed, true), (allowed + 1, false)] {
            let moved = f64::from_bits(value.parse::<f64>().unwrap().to_bits() + steps);
            let altered = good.replace(line, &format!("{before},{moved:?}"));
            let answer = verify_golden(&model, altered.as_bytes());
            assert_eq!(answer.is_ok(), accepted, "{kind} {steps}: {answer:?}");
            if let Err(error) = answer {
                assert!(error.to_string().starts_with("model refused, `golden`: it says row 2, buy: "), "{error}");
            }
        }
    }
}

#[test]
fn golden_rows_that_are_not_about_this_model_are_refused() {
    let model = Model::from_bytes(&data("multiclass_nan.txt")).unwrap();
    let good = rows_of("score", 142);
    let header = good.lines().next().unwrap();
    for (text, sentence) in [
        (
            good.replace("score_hold,score_buy", "score_buy,score_hold"),
            "column 5 is \"score_buy\", this build needs \"score_hold\"",
        ),
        (good.replace("ema_10,rsi_14", "rsi_14,ema_10"), "column 0 is \"rsi_14\", this build needs \"ema_10\""),
        (format!("{header}\n"), "no row"),
        (String::new(), "column 0 is \"missing\""),
        (format!("{header}\n1,2,3,4,0.2,0.3\n"), "golden.csv"),
        (format!("{header}\n1,2,3,x,0.2,0.3,0.5\n"), "golden.csv, row 0, column 3: not a number"),
        (format!("{header}\n1,2,3,4,0.2,0.3,nan\n"), "`golden`: it says row 0, "),
    ] {
        let error = verify_golden(&model, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    let one = Model::from_bytes(&data("binary.txt")).unwrap();
    assert!(verify_golden(&one, good.as_bytes()).unwrap_err().to_string().contains("a model of 1 outputs"));
}

#[test]
fn a_bundle_replays_its_golden_rows_at_load() {
    let Files(mut files) = sound();
    let text = String::from_utf8(files["golden.csv"].clone()).unwrap();
    let line = text.lines().nth(2).unwrap();
    let (before, _) = line.rsplit_once(',').unwrap();
    let wrong = text.replace(line, &format!("{before},0.25"));
    let listed = manifest().replace(&sha256(text.as_bytes()), &sha256(wrong.as_bytes()));
    files.insert("golden.csv".to_owned(), wrong.into_bytes());
    files.insert("manifest.toml".to_owned(), listed.into_bytes());
    let text = refusal(load(&Files(files), &[]));
    assert!(text.starts_with("model refused, `golden`: it says row 1, buy: ") && text.contains("golden.csv"), "{text}");
}

//! What may reach a decision: three probabilities, and nothing less.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use mt5_sentinel::scorer::Scores;

fn refusal(values: &[f64]) -> String {
    Scores::from_slice(values).unwrap_err().to_string()
}

#[test]
fn three_probabilities_are_accepted_in_class_order() {
    let scores = Scores::from_slice(&[0.2, 0.3, 0.5]).unwrap();
    let bits = |values: [f64; 3]| values.map(f64::to_bits);
    assert_eq!(bits([scores.sell, scores.hold, scores.buy]), bits([0.2, 0.3, 0.5]));
    assert_eq!(bits(scores.to_array()), bits([0.2, 0.3, 0.5]));
    assert!(Scores::from_slice(&[0.0, 0.0, 1.0]).is_ok());
    assert!(Scores::from_slice(&[0.333, 0.333, 0.3335]).is_ok(), "rounded by its sender");
}

#[test]
fn a_one_element_answer_never_becomes_sell_every_minute() {
    // The older system took the argmax of such an answer: index 0, "sell", each minute of the day.
    assert_eq!(refusal(&[0.97]), "scores unusable: 1 value came, 3 are needed [sell, hold, buy]");
    assert_eq!(refusal(&[]), "scores unusable: 0 values came, 3 are needed [sell, hold, buy]");
    assert_eq!(refusal(&[0.5, 0.5]), "scores unusable: 2 values came, 3 are needed [sell, hold, buy]");
    assert_eq!(refusal(&[0.25; 4]), "scores unusable: 4 values came, 3 are needed [sell, hold, buy]");
}

#[test]
fn values_that_are_not_probabilities_are_refused_by_name() {
    assert_eq!(refusal(&[0.5, f64::NAN, 0.5]), "scores unusable: `hold` is NaN, a probability in 0..=1 is needed");
    assert_eq!(refusal(&[f64::INFINITY, 0.0, 0.0]), "scores unusable: `sell` is inf, a probability in 0..=1 is needed");
    assert_eq!(refusal(&[0.6, 0.6, -0.2]), "scores unusable: `buy` is -0.2, a probability in 0..=1 is needed");
    assert_eq!(refusal(&[1.2, -0.1, -0.1]), "scores unusable: `sell` is 1.2, a probability in 0..=1 is needed");
}

#[test]
fn values_that_do_not_sum_to_one_are_refused() {
    let text = refusal(&[0.9, 0.8, 0.7]);
    assert!(text.starts_with("scores unusable: [0.9, 0.8, 0.7] sum to 2.4"), "{text}");
    assert!(Scores::from_slice(&[0.3333, 0.3333, 0.3333]).is_ok());
    assert!(Scores::from_slice(&[0.333, 0.333, 0.332]).is_err());
    assert!(Scores::from_slice(&[0.0; 3]).is_err());
}

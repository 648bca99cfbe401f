//! Answers of a hub: three probabilities come out, or an error that names what came; never a guess.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::float_cmp, reason = "equal means equal: nothing is computed but 1 - p of exact values")]

use mt5_sentinel::Error;
use mt5_sentinel::scorer::{ANSWER_BYTES_MAX, AnswerForm, Scores, check_request, failure_text, read_answer};

fn classes(body: &str) -> [f64; 3] {
    read_answer(body.as_bytes(), AnswerForm::Classes).unwrap().to_array()
}

fn p_up(body: &str) -> [f64; 3] {
    read_answer(body.as_bytes(), AnswerForm::PUp).unwrap().to_array()
}

fn refusal_of(body: &[u8], form: AnswerForm) -> String {
    match read_answer(body, form) {
        Err(Error::BadAnswer { problem }) => {
            assert!(problem.chars().count() < 500, "{} characters", problem.chars().count());
            assert!(!problem.chars().any(char::is_control), "{problem:?}");
            problem
        }
        other => panic!("{other:?}"),
    }
}

fn refusal(body: &str) -> String {
    refusal_of(body.as_bytes(), AnswerForm::Classes)
}

#[track_caller]
fn assert_refused(cases: &[(&str, &str)], form: AnswerForm) {
    for (body, told) in cases {
        let problem = refusal_of(body.as_bytes(), form);
        assert!(problem.contains(told), "{body}: {problem}");
    }
}

#[test]
fn the_three_forms_of_an_answer_give_the_same_scores() {
    let wanted = [0.2, 0.3, 0.5];
    assert_eq!(classes(r#"{"predictions": [[0.2, 0.3, 0.5]]}"#).map(f64::to_bits), wanted.map(f64::to_bits));
    let by_class = r#"{"predictions": [{"class_0_prob": 0.2, "class_1_prob": 0.3, "class_2_prob": 0.5}]}"#;
    assert_eq!(classes(by_class).map(f64::to_bits), wanted.map(f64::to_bits));
    let by_name = r#"{"predictions": [{"buy": 0.5, "sell": 0.2, "hold": 0.3}]}"#;
    assert_eq!(classes(by_name).map(f64::to_bits), wanted.map(f64::to_bits), "whatever their order");
    assert_eq!(classes(r#" {"predictions":[[0,0,1]]} "#), [0.0, 0.0, 1.0], "integers are numbers");
}

#[test]
fn the_probability_of_a_rise_is_taken_only_where_the_configuration_says_so() {
    for body in [r#"{"predictions": 0.75}"#, r#"{"predictions": [0.75]}"#, r#"{"predictions": [[0.75]]}"#] {
        assert_eq!(p_up(body), [0.25, 0.0, 0.75], "{body}");
        assert!(refusal(body).contains("0.75"), "{body}: {}", refusal(body));
    }
    for body in [r#"{"predictions": [0.97]}"#, r#"{"predictions": [[0.97]]}"#] {
        let told = refusal(body);
        assert!(told.starts_with("the number 0.97 came alone, [sell, hold, buy] is needed"), "{body}: {told}");
        assert!(told.contains("hub_answer = \"p_up\""), "{told}");
    }
    assert_eq!(p_up(r#"{"predictions": [[1]]}"#), [0.0, 0.0, 1.0]);
    assert_eq!(p_up(r#"{"predictions": [[0]]}"#), [1.0, 0.0, 0.0]);
    assert_refused(
        &[
            (r#"{"predictions": [[0.2, 0.3, 0.5]]}"#, "3 values came"),
            (r#"{"predictions": [[0.3, 0.7]]}"#, "2 values came"),
            (r#"{"predictions": [0.3, 0.7]}"#, "2 predictions came for 1 row"),
            (r#"{"predictions": []}"#, "0 predictions came"),
            (r#"{"predictions": [[]]}"#, "0 values came"),
            (r#"{"predictions": [[[0.5]]]}"#, "is a list of 1, a number is needed"),
            (r#"{"predictions": 1.2}"#, "the probability of a rise is 1.2"),
            (r#"{"predictions": [-0.1]}"#, "the probability of a rise is -0.1"),
            (r#"{"predictions": [NaN]}"#, "a bare NaN"),
            (r#"{"predictions": [null]}"#, "is null, a number is needed"),
            (r#"{"predictions": [true]}"#, "is true, a number is needed"),
            (r#"{"predictions": ["0.7"]}"#, "is the text \"0.7\", a number is needed"),
            (r#"{"predictions": [{"up": 0.7}]}"#, "an object with the keys \"up\""),
        ],
        AnswerForm::PUp,
    );
}

#[test]
fn every_other_shape_is_refused_by_what_it_is() {
    assert_refused(
        &[
            (r#"{"predictions": [[0.2, 0.8]]}"#, "2 values came, 3 are needed"),
            (r#"{"predictions": [[]]}"#, "0 values came"),
            (r#"{"predictions": [[0.1, 0.2, 0.3, 0.4]]}"#, "4 values came"),
            (r#"{"predictions": []}"#, "0 predictions came for 1 row"),
            (r#"{"predictions": [0.2, 0.3, 0.5]}"#, "3 predictions came for 1 row"),
            (r#"{"predictions": [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]}"#, "2 predictions came for 1 row"),
            (r#"{"predictions": {"sell": 0.2, "hold": 0.3, "buy": 0.5}}"#, "[[sell, hold, buy]] is needed"),
            (r#"{"predictions": [[[0.2, 0.3, 0.5]]]}"#, "[0] is a list of 3, a number is needed"),
            (r#"{"predictions": [["0.2", 0.3, 0.5]]}"#, "[0] is the text \"0.2\""),
            (r#"{"predictions": [[0.2, null, 0.8]]}"#, "[1] is null"),
            (r#"{"predictions": [[false, false, true]]}"#, "[0] is false"),
            (r#"{"predictions": ["BUY"]}"#, "the prediction is the text \"BUY\""),
            (r#"{"predictions": null}"#, "`predictions` is null"),
            (r#"{"predictions": [{"SELL": 0.2, "HOLD": 0.3, "BUY": 0.5}]}"#, "exactly class_0_prob"),
            (r#"{"predictions": [{"sell": 0.2, "hold": 0.8}]}"#, "the keys \"sell\", \"hold\"; exactly"),
            (r#"{"predictions": [{"sell": 0.2, "hold": 0.3, "buy": 0.5, "label": 2}]}"#, "exactly"),
            (r#"{"predictions": [{"sell": 0.2, "hold": 0.3, "class_2_prob": 0.5}]}"#, "exactly"),
            (r#"{"predictions": [{"sell": 0.2, "hold": {}, "buy": 0.5}]}"#, "`hold` is an object with no keys"),
            (r#"{"predictions": [[0.2, 0.3, 0.5]], "more": 1}"#, "\"predictions\", \"more\" came"),
            (r#"{"outputs": [[0.2, 0.3, 0.5]]}"#, "\"outputs\" came, `predictions` alone is needed"),
            (r"{}", "no keys"),
            (r"[[0.2, 0.3, 0.5]]", "a list of 1 came"),
            ("0.97", "0.97 came, an object"),
            ("", "an empty body"),
            (" \n", "an empty body"),
        ],
        AnswerForm::Classes,
    );
}

#[test]
fn numbers_that_are_no_probabilities_are_refused() {
    assert_refused(
        &[
            (r#"{"predictions": [[NaN, 0.5, 0.5]]}"#, "a bare NaN stands at byte 18"),
            (r#"{"predictions": [[0.5, 0.5, Infinity]]}"#, "a bare Infinity"),
            (r#"{"predictions": [[-Infinity, 0.5, 0.5]]}"#, "a bare -Infinity stands at byte 18"),
            (r#"{"predictions": [{"sell": NaN, "hold": 0.5, "buy": 0.5}]}"#, "a bare NaN"),
            (r#"{"predictions": [[1e999, 0, 0]]}"#, "out of range"),
            (r#"{"predictions": [[1.2, -0.1, -0.1]]}"#, "`sell` is 1.2"),
            (r#"{"predictions": [[0.6, 0.6, -0.2]]}"#, "`buy` is -0.2"),
            (r#"{"predictions": [[0.5, 0.5, 0.002]]}"#, "sum to 1.002"),
            (r#"{"predictions": [[0, 0, 0]]}"#, "sum to 0"),
        ],
        AnswerForm::Classes,
    );
    assert!(read_answer(br#"{"predictions": [[0.5, 0.5, 0.0009]]}"#, AnswerForm::Classes).is_ok());
    let quoted = r#"{"error_code": "NaN", "message": "Infinity \" NaN"}"#;
    assert!(refusal(quoted).contains("NaN: Infinity"), "a word within a text is none: {}", refusal(quoted));
}

#[test]
fn what_is_no_answer_at_all_is_named() {
    assert!(refusal("<!DOCTYPE html>\n<html>Bad Gateway</html>").starts_with("an HTML or XML page came"));
    assert!(refusal("upstream timed out").contains("no sound JSON"));
    assert!(refusal(r#"{"predictions": [[0.2, 0.3, "#).contains("no sound JSON: EOF"));
    assert!(refusal(r#"{"predictions": [[0.2, 0.3, 0.5]]} {}"#).contains("trailing"));
    let twice = r#"{"predictions": [[0, 0, 1]], "predictions": [[1, 0, 0]]}"#;
    assert!(refusal(twice).contains("the key \"predictions\" is there twice"));
    assert!(refusal(r#"{"predictions": [{"sell": 1, "hold": 0, "buy": 0, "buy": 1}]}"#).contains("twice"));
    assert!(refusal_of(b"{\"predictions\": [[0.2, \xff]]}", AnswerForm::Classes).contains("no sound JSON"));
}

#[test]
fn an_error_of_mlflow_is_quoted() {
    let body = r#"{"error_code": "BAD_REQUEST", "message": "Encountered an\nunexpected error",
        "stack_trace": "Traceback (most recent call last):\n  File \"model.py\"\nValueError: no bars\u001b[31m today\n\n"}"#;
    let told = "BAD_REQUEST: Encountered an unexpected error (ValueError: no bars [31m today)";
    assert_eq!(refusal(body), format!("an error came instead of predictions: {told}"));
    assert_eq!(failure_text(body.as_bytes()), told);
    let row = "0.1 ".repeat(200);
    let long = format!(r#"{{"error_code": "Y", "message": "Failed to predict {row}\nError: no such tenant "}}"#);
    let told = failure_text(long.as_bytes());
    assert!(told.starts_with("Y: Failed to predict 0.1") && told.contains(" … "), "{told}");
    assert!(told.trim_end().ends_with("Error: no such tenant"), "the cause stands behind the input: {told}");
    assert_eq!(failure_text(br#"{"error_code": "X"}"#), "X");
    assert_eq!(failure_text(br#"{"detail": "Not Found"}"#), "an object that is no error of MLflow");
    assert_eq!(
        failure_text(b"The scoring server only\r\nsupports UTF-8"),
        "\"The scoring server only supports UTF-8\""
    );
    assert_eq!(failure_text(b"<html>oops</html>"), "an HTML or XML page: \"<html>oops</html>\"");
    assert_eq!(failure_text(b""), "an empty body came");
    assert!(failure_text(br#"{"error_code": "#).contains("no sound JSON"));
}

#[test]
fn hostile_bodies_end_in_a_short_message() {
    let long = "x".repeat(10_000);
    let error = format!(r#"{{"error_code": "{long}", "message": "{long}", "stack_trace": "{long}"}}"#);
    assert!(refusal(&error).contains("xxx…"), "{}", refusal(&error));
    let keys: Vec<String> = (0..2000).map(|key| format!(r#""{key}{}": 1"#, "y".repeat(20))).collect();
    assert!(refusal(&format!("{{{}}}", keys.join(","))).contains("and 1995 more"));
    assert!(refusal(&format!(r#"{{"predictions": ["{long}"]}}"#)).contains('…'));
    let deep = format!(r#"{{"predictions": {}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert!(refusal(&deep).contains("recursion limit"), "{}", refusal(&deep));
    let huge = format!(r#"{{"predictions": [[0.2, 0.3, 0.5]]}}{}"#, " ".repeat(ANSWER_BYTES_MAX));
    assert!(refusal(&huge).contains("bytes came, 65536 at most"), "{}", refusal(&huge));
    assert!(refusal(&long).contains("no sound JSON"));
    assert!(failure_text(long.as_bytes()).chars().count() < 200);
}

#[test]
fn the_word_of_the_configuration_is_checked() {
    assert_eq!(AnswerForm::named("classes"), Ok(AnswerForm::Classes));
    assert_eq!(AnswerForm::named("p_up"), Ok(AnswerForm::PUp));
    let told = AnswerForm::named("binary").unwrap_err().to_string();
    assert_eq!(told, "setting `hub_answer`: \"binary\" is none of classes, p_up");
}

#[test]
fn what_json_cannot_carry_is_not_sent() {
    let row = vec![0.5; 22];
    assert_eq!(check_request(std::slice::from_ref(&row), 1, 22), Ok(()));
    let told = |rows: &[Vec<f64>], steps, width| check_request(rows, steps, width).unwrap_err().to_string();
    for (value, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let mut bad = row.clone();
        bad[21] = value;
        let wanted = format!("row 1 cannot be scored: column 21 is {name}, which JSON cannot carry");
        assert_eq!(told(&[row.clone(), bad], 2, 22), wanted);
    }
    assert!(told(std::slice::from_ref(&row), 60, 22).contains("1 rows, the hub is asked with 60"));
    assert!(told(std::slice::from_ref(&row), 1, 23).contains("22 values, the hub is asked with 23"));
    assert!(told(&[], 1, 22).contains("0 rows"));
}

#[test]
fn the_distance_of_two_answers_is_their_largest_difference() {
    let scores = |values: [f64; 3]| Scores::from_slice(&values).unwrap();
    let (a, b) = (scores([0.5, 0.25, 0.25]), scores([0.25, 0.25, 0.5]));
    assert_eq!((a.distance(b), b.distance(a), a.distance(a)), (0.25, 0.25, 0.0));
    assert_eq!(scores([1.0, 0.0, 0.0]).distance(scores([0.0, 0.0, 1.0])), 1.0);
    assert_eq!(scores([0.5, 0.5, 0.0]).distance(scores([0.25, 0.375, 0.375])), 0.375, "whichever class it is");
}

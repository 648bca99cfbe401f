//! How a model file is refused.

use std::time::{Duration, Instant};

use mt5_sentinel::Error;
use mt5_sentinel::scorer::Model;

/// The refusal's sentence; anything but `BadModel`, in well under a second, fails the test.
pub fn refusal(bytes: &[u8]) -> String {
    let start = Instant::now();
    let answer = Model::from_bytes(bytes);
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
    match answer.unwrap_err() {
        Error::BadModel { place, problem } => {
            assert!(!place.is_empty() && place.len() + problem.len() < 300, "{place}: {problem}");
            format!("{place}: {problem}")
        }
        other => panic!("not BadModel: {other:?}"),
    }
}

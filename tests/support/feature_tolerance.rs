//! What the contract allows between a column and its exact value.

use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{CATALOGUE, batch};

use super::feature_reference::columns;

/// Differences of prices: measured against the close, since they cross zero.
pub fn is_price_difference(name: &str) -> bool {
    name.starts_with("macd") || matches!(name, "momentum_5" | "acceleration_5")
}

/// Error of `value` in units of what the contract allows (1 is the limit).
///
/// The exact value is given as the nearest f64 and what that misses. `close` scales the differences of prices. After a
/// fall by orders of magnitude an average stands so far above the close that 1e-14 of the close is less than its last
/// bit: there a difference of prices must be the nearest f64, so half a last bit is allowed on top (next to nothing
/// in ordinary prices).
pub fn share_of_allowance(name: &str, value: f64, exact: (f64, f64), close: f64) -> f64 {
    let error = ((value - exact.0) - exact.1).abs();
    let half_a_bit = 0.5 * (exact.0.abs().next_up() - exact.0.abs());
    let allowed = if is_price_difference(name) { 1e-14 * close + half_a_bit } else { 1e-12 * exact.0.abs() };
    if error == 0.0 { 0.0 } else { error / allowed }
}

/// Compares `batch` with the reference over the bars from `first` on; returns the worst share per column, or the
/// places where one is NaN and the other is not.
pub fn compare(bars: &Bars, first: usize) -> Result<Vec<(&'static str, f64)>, Vec<String>> {
    let table = batch(bars);
    let reference = columns(bars);
    let names: Vec<_> = reference.iter().map(|(name, _)| *name).collect();
    if names != CATALOGUE.map(|spec| spec.name) {
        return Err(vec![format!("the reference defines {names:?}")]);
    }
    let (mut worst, mut misplaced) = (Vec::new(), Vec::new());
    for (index, (name, exact)) in reference.into_iter().enumerate() {
        let mut share = 0.0_f64;
        for (bar, exact) in exact.iter().enumerate().skip(first) {
            match (table[[bar, index]], exact) {
                (value, Some(exact)) if value.is_finite() => {
                    share = share.max(share_of_allowance(name, value, (exact.0, exact.1), bars.close()[bar]));
                }
                (value, None) if value.is_nan() => {}
                (value, exact) => misplaced.push(format!("{name}[{bar}] is {value}, exactly {exact:?}")),
            }
        }
        worst.push((name, share));
    }
    if misplaced.is_empty() { Ok(worst) } else { Err(misplaced) }
}

/// Fails with every column that is further from exact than the contract allows.
pub fn assert_exact(title: &str, bars: &Bars, first: usize) {
    let worst = compare(bars, first).unwrap_or_else(|misplaced| panic!("{title}: {misplaced:#?}"));
    let beyond: Vec<_> = worst.iter().filter(|(_, share)| share.is_nan() || *share > 1.0).collect();
    assert!(beyond.is_empty(), "{title}: beyond the allowance by these factors: {beyond:#?}");
    let top = worst.iter().copied().fold(("none", 0.0), |a, b| if b.1 > a.1 { b } else { a });
    println!("{title}: worst is {} at {:.5} of its allowance", top.0, top.1);
}

//! Core error → exception class of `mt5_sentinel.errors`; exhaustive, so that a new variant does not compile unmapped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::Error;

/// Runs core code: an `Err` becomes its exception, a panic becomes `CorePanic`. A panic left to `PyO3` would be a
/// `BaseException` and walk past the daemon's guard.
pub(super) fn run<T>(call: impl FnOnce() -> crate::Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(|error| exception(class_and_reason(&error), &error.to_string())),
        Err(payload) => {
            let said = payload.downcast_ref::<&str>().copied();
            let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            Err(exception(("CorePanic", "core_panic"), said.unwrap_or("the core panicked")))
        }
    }
}

/// The class says who acts (see `errors.py`), the reason is the journal's code.
fn class_and_reason(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::NotBars { .. } => ("Unusable", "not_market_data"),
        Error::Malformed { .. } => ("Unusable", "malformed_body"),
        Error::BadField { .. } => ("Unusable", "bad_field"),
        Error::BadColumns { .. } => ("Unusable", "bad_columns"),
        Error::WrongInterval { .. } => ("Unusable", "wrong_interval"),
        Error::PriceJump { .. } => ("Unusable", "price_jump"),
        Error::QuotaSpent { .. } => ("Transient", "quota_budget"),
        Error::NoBars { .. } => ("Unusable", "no_bars"),
        Error::TooShort { .. } => ("Unusable", "history_too_short"),
        Error::MarketClosed { .. } => ("Unusable", "market_closed"),
        Error::NotClosed { .. } => ("Unusable", "forming_bar"),
        Error::AwaitingBar { .. } => ("Unusable", "awaiting_bar"),
        Error::Stale { .. } => ("Unusable", "stale"),
        Error::ClockStep { .. } => ("Unusable", "clock_step"),
        Error::BadTimes { .. } => ("Unusable", "bad_times"),
        Error::Holes { .. } => ("Unusable", "history_holes"),
        Error::ClockSkew { .. } => ("Unusable", "clock_skew"),
        Error::BadRow { .. } => ("Unusable", "bad_row"),
        Error::BadRows { .. } => ("Unusable", "bad_rows"),
        Error::BadScores { .. } => ("Unusable", "bad_scores"),
        Error::BadAnswer { .. } => ("Unusable", "bad_hub_answer"),
        Error::BadState { .. } => ("Unusable", "bad_state"),
        Error::BadModel { .. } | Error::BadBundle { .. } => ("Misconfigured", "bad_model"),
        Error::ModelMismatch { .. } => ("Misconfigured", "model_mismatch"),
        Error::BadSetting { .. } => ("Misconfigured", "bad_setting"),
        Error::PeerClock { .. } => ("Unusable", "gateway_clock"),
        Error::BadBroker { .. } => ("Unusable", "gateway_answer"),
        Error::BadFacts { .. } => ("Unusable", "bad_symbol_facts"),
        Error::BadFill { .. } => ("Unsafe", "book_broken"),
    }
}

pub(super) fn exception((class, reason): (&str, &str), message: &str) -> PyErr {
    Python::attach(|py| {
        let raised = py
            .import("mt5_sentinel.errors")
            .and_then(|errors| errors.getattr(class))
            .and_then(|class| class.call1((message, reason)));
        match raised {
            Ok(value) => PyErr::from_value(value),
            Err(import_failed) => import_failed,
        }
    })
}

/// An input of the caller that cannot be worked with.
pub(super) fn unusable(problem: &str) -> PyErr {
    exception(("Unusable", "bad_columns"), problem)
}

/// An argument of the caller outside its meaning.
pub(super) fn misconfigured(problem: &str) -> PyErr {
    exception(("Misconfigured", "bad_setting"), problem)
}

/// Panics inside the core, so that tests can prove that a panic arrives as an ordinary exception.
#[pyfunction]
pub(super) fn panic_on_purpose() -> PyResult<()> {
    #[allow(clippy::panic, reason = "panicking is what this function is for")]
    run(|| panic!("a panic on purpose"))
}

//! Floor 4: the extension module `mt5_sentinel._core`. Signature, call, map the error; no arithmetic, no decisions.

mod bars;
mod book;
mod broker_offset;
mod bundle;
mod calendar;
mod clocks;
mod compare;
mod deal;
mod decide;
mod engine;
mod errors;
mod features;
mod hub;
mod inputs;
mod ledger;
mod limits;
mod model;
mod outputs;
mod paper;
mod plan;
mod pool;
mod reconcile;
mod recording;
mod risk;
mod score;
mod session;
mod stream;
mod trade;

use pyo3::prelude::*;

/// Deterministic core of mt5-sentinel: bars, features, scoring, decisions, paper book.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::bars::{PyBars, PyCleaned, PyRawRows, clean, join_bodies, parse, parse_time, time_text};
    #[pymodule_export]
    use super::book::{PyAccount, PyBook, PyPosition};
    #[pymodule_export]
    use super::broker_offset::PyBrokerOffset;
    #[pymodule_export]
    use super::bundle::{
        PyBundle, check_bare_model, check_public_keys, model_format, public_key, py_is_bundle, sign_manifest, zip_files,
    };
    #[pymodule_export]
    use super::calendar::{PyCalendar, PyFreshBar, check_fresh};
    #[pymodule_export]
    use super::clocks::{PyBrokerClock, PyClockWatch, check_gateway_clock, check_skew, check_step};
    #[pymodule_export]
    use super::compare::compare_bars;
    #[pymodule_export]
    use super::deal::{PyDeal, PyProposal};
    #[pymodule_export]
    use super::decide::{PyDecision, PyPolicy, check_scores, decide};
    #[pymodule_export]
    use super::errors::panic_on_purpose;
    #[pymodule_export]
    use super::features::{
        PySpec, catalogue, features, features_many, fingerprint, latest, latest_rows, needed_bars, needed_bars_for,
    };
    #[pymodule_export]
    use super::hub::{check_request, compare_scores, failure_text, read_answer};
    #[pymodule_export]
    use super::ledger::{PyLedger, advance_ledger, resume_ledger};
    #[pymodule_export]
    use super::limits::PyLimits;
    #[pymodule_export]
    use super::model::PyModel;
    #[pymodule_export]
    use super::paper::{PyPaperAccount, broker_facts};
    #[pymodule_export]
    use super::plan::{PyFetchPlan, check_quota, check_quota_plan, plan_fetch, quota_rest};
    #[pymodule_export]
    use super::reconcile::{PyDifference, account_for, check_execution, lots_left, reconcile};
    #[pymodule_export]
    use super::recording::PyRecording;
    #[pymodule_export]
    use super::risk::{PyEntry, PyExit, PyNews, PyPending, PyRuling, approve, due_exits, open_worth, slippage_beyond};
    #[pymodule_export]
    use super::score::{narrow, read_rows, widen};
    #[pymodule_export]
    use super::stream::PyStream;
    #[pymodule_export]
    use super::trade::{PyQuote, PySymbolFacts};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

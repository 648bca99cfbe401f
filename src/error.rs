//! The one error type of the core: kind and place as fields; the sentence is made last, in `Display`.

/// Result of every fallible function of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// A stretch of time for people.
fn span(seconds: i64) -> String {
    const HOURS_FROM_MIN: i64 = 180;
    let minutes = seconds / 60;
    if minutes < HOURS_FROM_MIN { format!("{minutes} minutes") } else { format!("{} hours", minutes / 60) }
}

/// What went wrong, and where. Each variant maps to exactly one Python exception class (`src/python/errors.rs`).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The body is not bars at all: an HTML page, plain text, a JSON error object.
    #[error("not market data: {what} (body starts with {excerpt:?})")]
    NotBars {
        /// What the body was recognised as.
        what: &'static str,
        /// First characters of the body, control characters removed.
        excerpt: String,
    },
    /// The body begins as bars but breaks off or is malformed.
    #[error("{format} is malformed at {place}: {problem}")]
    Malformed {
        /// `JSON`, `CSV`, `UTF-16`, `npy` or `gzip`.
        format: &'static str,
        /// Row, line, column or byte of the first fault.
        place: String,
        /// What is wrong there, and what was expected.
        problem: String,
    },
    /// A field of one row has a value that cannot be read at all.
    #[error("row {row}, field `{field}`: {problem}")]
    BadField {
        /// 0-based row of the body (header not counted).
        row: usize,
        /// Column name as the caller knows it.
        field: String,
        /// What was found and what is accepted.
        problem: String,
    },
    /// Columns given by the caller do not fit together.
    #[error("bars: {problem}")]
    BadColumns {
        /// What does not fit.
        problem: String,
    },
    /// No usable bar is left.
    #[error("no usable bar: {rows} rows came, none survived cleaning")]
    NoBars {
        /// Rows in the body.
        rows: usize,
    },
    /// The bars are not of the interval that was asked for.
    #[error("bars of another interval: they lie {found_s} s apart, {expected_s} s were expected")]
    WrongInterval {
        /// Most common distance of open times, seconds.
        found_s: i64,
        /// Interval that was asked for, seconds.
        expected_s: i64,
    },
    /// A broker's fact about a symbol cannot be true.
    #[error("the broker says {field} = {value}; nothing can be sized or priced with that")]
    BadFacts {
        /// Which fact.
        field: &'static str,
        /// What it says.
        value: f64,
    },
    /// The newest price is too far from the newest close to be traded at.
    #[error("the newest price {price} jumps away from the last close {close}; nothing is traded at it")]
    PriceJump {
        /// Newest price.
        price: f64,
        /// Close of the newest closed bar.
        close: f64,
    },
    /// A further request would cost more than may be spent today.
    #[error(
        "{spent} units of the API's quota are spent today, {budget:.0} may be; raise eodhd_quota_share, or wait for \
         00:00 UTC"
    )]
    QuotaSpent {
        /// Units spent today.
        spent: u64,
        /// Units that may be spent in a day.
        budget: f64,
    },
    /// Too little history for settled features.
    #[error("history too short: {bars} closed bars, {needed} are needed for settled features")]
    TooShort {
        /// Closed, clean bars at hand.
        bars: usize,
        /// Bars the catalogue asks for.
        needed: usize,
    },
    /// The market is closed: nothing is due, and nothing may be decided.
    #[error("the market is closed at {now} UTC; it opens {opens} UTC")]
    MarketClosed {
        /// The moment asked about, UTC.
        now: String,
        /// When it opens next, UTC.
        opens: String,
    },
    /// The newest bar has not ended: it is still forming, or the clock went back.
    #[error("the bar of {bar} UTC ends at {closes}, after now ({now}): it is still forming, or the clock went back")]
    NotClosed {
        /// Open time of the bar, UTC.
        bar: String,
        /// Its end, UTC.
        closes: String,
        /// The moment asked about, UTC.
        now: String,
    },
    /// The market was closed since the newest bar, and the first bar after that is not due or may still come.
    #[error(
        "no bar since the market opened again: the newest is of {bar} UTC, {} of open market old, {} are allowed",
        span(*open_age_s), span(*allowed_s)
    )]
    AwaitingBar {
        /// Open time of the newest closed bar, UTC.
        bar: String,
        /// Seconds of open market since it ended.
        open_age_s: i64,
        /// Seconds from which it is stale.
        allowed_s: i64,
    },
    /// A bar is overdue in an open market.
    #[error(
        "the newest closed bar is of {bar} UTC, {} of open market old, {} are allowed; see whether the source of \
         bars is behind, or add the holiday to `holidays`",
        span(*open_age_s), span(*allowed_s)
    )]
    Stale {
        /// Open time of the newest closed bar, UTC.
        bar: String,
        /// Seconds of open market since it ended.
        open_age_s: i64,
        /// Seconds from which it is stale.
        allowed_s: i64,
    },
    /// The clock was set while a request ran.
    #[error("this machine's clock was set by {step_s:+.0} s while bars were fetched; the next cycle asks again")]
    ClockStep {
        /// By how much, seconds.
        step_s: f64,
    },
    /// Rows of a source whose times cannot be trusted.
    #[error("the times of these bars cannot be trusted: {problem}")]
    BadTimes {
        /// What is wrong with them.
        problem: String,
    },
    /// Too many bars are missing where the market traded.
    #[error(
        "{missing} of the newest {slots} bars of open hours are missing, {allowed} may be; see whether the source has \
         them, or raise missing_share_max"
    )]
    Holes {
        /// Missing bars.
        missing: i64,
        /// Bars there should be.
        slots: i64,
        /// Missing bars that are allowed.
        allowed: i64,
    },
    /// This machine's clock is not the server's.
    #[error(
        "this machine's clock is {skew_s:.1} s {direction} the market data server's, {max_s} s are allowed; set it right \
         (`timedatectl`, `chronyc tracking`)"
    )]
    ClockSkew {
        /// By how much, seconds.
        skew_s: f64,
        /// `ahead of` or `behind`.
        direction: &'static str,
        /// What the setting allows, seconds.
        max_s: f64,
    },
    /// The gateway's clock and this machine's differ too much: it judges by its own what comes too late.
    #[error(
        "this machine's clock is {skew_s:.1} s {direction} the gateway's, {max_s} s are allowed (gtw_skew_max_s); set both \
         right"
    )]
    PeerClock {
        /// By how much, seconds.
        skew_s: f64,
        /// `ahead of` or `behind`.
        direction: &'static str,
        /// What the setting allows, seconds.
        max_s: f64,
    },
    /// A broker's prices or volumes cannot be true.
    #[error("the broker's {what} cannot be used: {problem}")]
    BadBroker {
        /// Quote, execution, …
        what: &'static str,
        /// Both figures.
        problem: String,
    },
    /// A model file is truncated, inconsistent or of a kind that is not supported.
    #[error("model file, {place}: {problem}")]
    BadModel {
        /// Section, tree, line or field of the first fault.
        place: String,
        /// What is wrong there, and what was expected.
        problem: String,
    },
    /// A model bundle is incomplete, altered or not signed as it must be.
    #[error("model bundle, {place}: {problem}")]
    BadBundle {
        /// File of the bundle, and the key in it.
        place: String,
        /// What is wrong there, and what to do.
        problem: String,
    },
    /// A model is well-formed but was trained for something else.
    #[error("model refused, `{field}`: it says {found}, this build needs {expected}")]
    ModelMismatch {
        /// Manifest or header field that differs.
        field: &'static str,
        /// Value in the model.
        found: String,
        /// Value of this build or configuration.
        expected: String,
    },
    /// An input row does not fit the model.
    #[error("row {row} cannot be scored: {problem}")]
    BadRow {
        /// 0-based row.
        row: usize,
        /// What does not fit.
        problem: String,
    },
    /// A file of rows to score does not fit the model, or is no such file.
    #[error("rows: {problem}")]
    BadRows {
        /// What does not fit, and what is expected.
        problem: String,
    },
    /// Class scores that no decision may be based on.
    #[error("scores unusable: {problem}")]
    BadScores {
        /// What is wrong with them.
        problem: String,
    },
    /// The answer of a hub that no decision may be based on.
    #[error("answer of the hub: {problem}")]
    BadAnswer {
        /// What came, and what was expected.
        problem: String,
    },
    /// Bytes that hold no state of a stream of this build.
    #[error("stored stream: {problem}")]
    BadState {
        /// What is wrong with them.
        problem: String,
    },
    /// A setting outside its meaning.
    #[error("setting `{field}`: {problem}")]
    BadSetting {
        /// Name of the setting.
        field: &'static str,
        /// What was given and what is accepted.
        problem: String,
    },
    /// The paper book was asked for something impossible.
    #[error("paper book: {problem}")]
    BadFill {
        /// What was asked, and why it cannot be.
        problem: String,
    },
}

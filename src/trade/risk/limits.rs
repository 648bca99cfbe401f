//! The settings of risk, checked once: what contradicts itself is refused before anything trades.

use super::hours::Hours;
use super::pair;
use crate::{Error, Result};

/// How the volume of an order is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// Always `volume_lots`.
    Fixed,
    /// What loses `risk_per_trade` of the equity at its stop.
    Risk,
}

/// What the distance of stop and target is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Average true ranges of 14 bars.
    Atr,
    /// Pips of 10 points.
    Pips,
}

/// The settings of risk by their names; units and meaning are those of the table of settings. Money is in account
/// currency, volumes in lots.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is explained once, in the table of settings")]
pub struct LimitSettings {
    pub sizing: Sizing,
    pub volume_lots: f64,
    pub volume_lots_max: f64,
    pub risk_per_trade: f64,
    pub stop_mode: StopMode,
    pub stop_atr: f64,
    pub target_atr: f64,
    pub stop_pips: f64,
    pub target_pips: f64,
    pub positions_symbol_max: usize,
    pub positions_max: usize,
    pub exposure_symbol_max: f64,
    pub exposure_group_max: f64,
    pub exposure_total_max: f64,
    pub exposure_groups: Vec<String>,
    pub daily_loss_max: f64,
    pub drawdown_max: f64,
    pub loss_warn_share: f64,
    pub loss_reduce_share: f64,
    pub losses_in_a_row_max: usize,
    pub cooldown_minutes: f64,
    pub orders_per_minute_max: usize,
    pub orders_per_day_max: usize,
    pub trading_hours: Vec<String>,
    pub weekend_flat_minutes: f64,
    pub signal_age_max_s: f64,
    pub spread_points_max: f64,
    pub slippage_points_max: u32,
    pub magic: i64,
}

/// Bounds no entry may cross; all of them hold on paper as they do live.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub(super) set: LimitSettings,
    pub(super) hours: Hours,
    pub(super) groups: Vec<Vec<String>>,
}

/// Smallest volume and step of the trade protocol, lots.
pub(super) const VOLUME_STEP_LOTS: f64 = 0.01;

/// Greatest volume the trade protocol can carry, lots.
const VOLUME_LOTS_MAX: f64 = 100.0;

/// A setting and what is wrong with it.
type Fault = (&'static str, String);

impl Limits {
    /// Checks every setting on its own and against the others.
    ///
    /// # Errors
    /// [`Error::BadSetting`] with the first setting that is outside its meaning or contradicts another, and all further
    /// ones behind it.
    pub fn new(set: LimitSettings) -> Result<Self> {
        let groups: Vec<Vec<String>> = set.exposure_groups.iter().map(|group| members(group)).collect();
        let mut faults = ranges(&set);
        faults.extend(contradictions(&set));
        faults.extend(set.exposure_groups.iter().zip(&groups).filter_map(|(text, group)| group_fault(text, group)));
        let hours = Hours::read(&set.trading_hours);
        if let Err(Error::BadSetting { field, problem }) = &hours {
            faults.push((field, problem.clone()));
        }
        let mut faults = faults.into_iter();
        if let Some((field, first)) = faults.next() {
            let problem = faults.fold(first, |told, (field, problem)| format!("{told}; setting `{field}`: {problem}"));
            return Err(Error::BadSetting { field, problem });
        }
        Ok(Self { hours: hours?, groups, set })
    }

    /// Number that marks this program's positions.
    #[must_use]
    pub fn magic(&self) -> i64 {
        self.set.magic
    }
}

fn ranges(set: &LimitSettings) -> Vec<Fault> {
    let positive = [
        ("volume_lots", set.volume_lots),
        ("volume_lots_max", set.volume_lots_max),
        ("stop_atr", set.stop_atr),
        ("stop_pips", set.stop_pips),
        ("exposure_symbol_max", set.exposure_symbol_max),
        ("exposure_group_max", set.exposure_group_max),
        ("exposure_total_max", set.exposure_total_max),
        ("daily_loss_max", set.daily_loss_max),
        ("drawdown_max", set.drawdown_max),
        ("signal_age_max_s", set.signal_age_max_s),
        ("spread_points_max", set.spread_points_max),
    ];
    let not_negative = [
        ("target_atr", set.target_atr),
        ("target_pips", set.target_pips),
        ("cooldown_minutes", set.cooldown_minutes),
        ("weekend_flat_minutes", set.weekend_flat_minutes),
    ];
    let shares = [
        ("risk_per_trade", set.risk_per_trade),
        ("loss_warn_share", set.loss_warn_share),
        ("loss_reduce_share", set.loss_reduce_share),
    ];
    let counts = [
        ("positions_symbol_max", set.positions_symbol_max),
        ("positions_max", set.positions_max),
        ("losses_in_a_row_max", set.losses_in_a_row_max),
        ("orders_per_minute_max", set.orders_per_minute_max),
        ("orders_per_day_max", set.orders_per_day_max),
    ];
    let is_positive = |value: f64| value.is_finite() && value > 0.0;
    let mut faults = Vec::new();
    let mut note = |field, is_good: bool, problem: String| {
        if !is_good {
            faults.push((field, problem));
        }
    };
    for (name, value) in positive {
        note(name, is_positive(value), format!("{value} is not above 0"));
    }
    for (name, value) in not_negative {
        note(name, value.is_finite() && value >= 0.0, format!("{value} is not 0 or above"));
    }
    for (name, value) in shares {
        note(name, is_positive(value) && value <= 1.0, format!("{value} is not above 0 and at most 1"));
    }
    for (name, count) in counts {
        note(name, count > 0, "0 is too few; 1 is the least".into());
    }
    let max = set.volume_lots_max;
    note("volume_lots_max", max <= VOLUME_LOTS_MAX, format!("{max} is above {VOLUME_LOTS_MAX}, the protocol's most"));
    faults
}

fn contradictions(set: &LimitSettings) -> Vec<Fault> {
    let steps = set.volume_lots / VOLUME_STEP_LOTS;
    let is_off_step = set.sizing == Sizing::Fixed && (steps - steps.round()).abs() > 1e-6;
    let above = |lower: &'static str, low: f64, upper: &str, high: f64| {
        (low > high).then(|| (lower, format!("{low} is above {upper} = {high}; lower it, or raise {upper}")))
    };
    let ordered = |lower, low: usize, upper, high: usize| above(lower, low as f64, upper, high as f64);
    let fixed_volume = if set.sizing == Sizing::Fixed { set.volume_lots } else { 0.0 };
    [
        is_off_step.then(|| ("volume_lots", format!("{} is no multiple of {VOLUME_STEP_LOTS}", set.volume_lots))),
        above("volume_lots", fixed_volume, "volume_lots_max", set.volume_lots_max),
        ordered("positions_symbol_max", set.positions_symbol_max, "positions_max", set.positions_max),
        above("exposure_symbol_max", set.exposure_symbol_max, "exposure_group_max", set.exposure_group_max),
        above("exposure_group_max", set.exposure_group_max, "exposure_total_max", set.exposure_total_max),
        above("daily_loss_max", set.daily_loss_max, "drawdown_max", set.drawdown_max),
        above("loss_warn_share", set.loss_warn_share, "loss_reduce_share", set.loss_reduce_share),
        ordered("orders_per_minute_max", set.orders_per_minute_max, "orders_per_day_max", set.orders_per_day_max),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn members(group: &str) -> Vec<String> {
    group.split('+').map(|name| pair::stem(name.trim()).to_owned()).collect()
}

fn group_fault(text: &str, group: &[String]) -> Option<Fault> {
    let repeats = group.iter().enumerate().any(|(at, name)| group[..at].contains(name));
    let is_good = group.len() > 1 && !repeats && group.iter().all(|name| !name.is_empty());
    let shown: String = text.chars().take(60).collect();
    (!is_good).then(|| ("exposure_groups", format!("{shown:?} is no group; join two or more symbols: EURUSD+GBPUSD")))
}

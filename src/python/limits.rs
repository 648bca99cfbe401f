//! The settings of risk as Python has them.

use pyo3::prelude::*;

use super::errors::run;
use crate::trade::risk::{LimitSettings, Limits, Sizing, StopMode};
use crate::{Error, Result};

/// The settings of risk, read from the attributes of an object by their names.
#[derive(FromPyObject)]
struct Given {
    sizing: String,
    volume_lots: f64,
    volume_lots_max: f64,
    risk_per_trade: f64,
    stop_mode: String,
    stop_atr: f64,
    target_atr: f64,
    stop_pips: f64,
    target_pips: f64,
    positions_symbol_max: usize,
    positions_max: usize,
    exposure_symbol_max: f64,
    exposure_group_max: f64,
    exposure_total_max: f64,
    exposure_groups: Vec<String>,
    daily_loss_max: f64,
    drawdown_max: f64,
    loss_warn_share: f64,
    loss_reduce_share: f64,
    losses_in_a_row_max: usize,
    cooldown_minutes: f64,
    orders_per_minute_max: usize,
    orders_per_day_max: usize,
    trading_hours: Vec<String>,
    weekend_flat_minutes: f64,
    signal_age_max_s: f64,
    spread_points_max: f64,
    slippage_points_max: u32,
    magic: i64,
}

/// Bounds no entry may cross.
#[pyclass(name = "Limits", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyLimits(pub(super) Limits);

#[pymethods]
impl PyLimits {
    #[new]
    fn new(settings: Given) -> PyResult<Self> {
        run(|| Limits::new(settings.read()?)).map(Self)
    }

    #[getter]
    fn magic(&self) -> i64 {
        self.0.magic()
    }
}

impl Given {
    fn read(self) -> Result<LimitSettings> {
        Ok(LimitSettings {
            sizing: sizing_from(&self.sizing)?,
            volume_lots: self.volume_lots,
            volume_lots_max: self.volume_lots_max,
            risk_per_trade: self.risk_per_trade,
            stop_mode: stop_mode_from(&self.stop_mode)?,
            stop_atr: self.stop_atr,
            target_atr: self.target_atr,
            stop_pips: self.stop_pips,
            target_pips: self.target_pips,
            positions_symbol_max: self.positions_symbol_max,
            positions_max: self.positions_max,
            exposure_symbol_max: self.exposure_symbol_max,
            exposure_group_max: self.exposure_group_max,
            exposure_total_max: self.exposure_total_max,
            exposure_groups: self.exposure_groups,
            daily_loss_max: self.daily_loss_max,
            drawdown_max: self.drawdown_max,
            loss_warn_share: self.loss_warn_share,
            loss_reduce_share: self.loss_reduce_share,
            losses_in_a_row_max: self.losses_in_a_row_max,
            cooldown_minutes: self.cooldown_minutes,
            orders_per_minute_max: self.orders_per_minute_max,
            orders_per_day_max: self.orders_per_day_max,
            trading_hours: self.trading_hours,
            weekend_flat_minutes: self.weekend_flat_minutes,
            signal_age_max_s: self.signal_age_max_s,
            spread_points_max: self.spread_points_max,
            slippage_points_max: self.slippage_points_max,
            magic: self.magic,
        })
    }
}

fn sizing_from(name: &str) -> Result<Sizing> {
    match name {
        "fixed" => Ok(Sizing::Fixed),
        "risk" => Ok(Sizing::Risk),
        _ => Err(Error::BadSetting { field: "sizing", problem: format!("{name:?} is neither fixed nor risk") }),
    }
}

fn stop_mode_from(name: &str) -> Result<StopMode> {
    match name {
        "atr" => Ok(StopMode::Atr),
        "pips" => Ok(StopMode::Pips),
        _ => Err(Error::BadSetting { field: "stop_mode", problem: format!("{name:?} is neither atr nor pips") }),
    }
}

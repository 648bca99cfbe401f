//! The columns beyond `sentinel-v1`, by family. Their order is the catalogue's: a new family goes to the end of the
//! list, a new column to the end of the last family.
//!
//! Windows are summed afresh at every bar, newest value first, in pairs of f64 (about 32 digits): nothing drifts, and a
//! difference of neighbouring prices keeps its digits on any level of prices. Ranges hold because high and low
//! hold open and close ([`Bar::is_sound`](crate::bars::Bar::is_sound)).

use super::family::Entry;

mod adx;
mod aroon;
mod before;
mod bollinger;
mod buckets;
mod calendar_cycle;
mod candle_shape;
mod cci;
mod column;
mod days;
mod donchian;
mod drawdown;
mod ema_distance;
mod four_hours;
mod kaufman;
mod keltner;
mod money_flow;
mod obv;
mod ppo;
mod prelude;
mod range_volatility;
mod regression;
mod roc;
mod sessions;
mod statistics;
mod stochastic;
mod strength;
mod swing;
mod trend_averages;
mod true_range;
mod typical;
mod vortex;
mod vwap;

/// Every extended family, in column order; append-only.
pub(super) const FAMILIES: &[Entry] = &[
    Entry::of::<roc::Roc>(),
    Entry::of::<true_range::TrueRange>(),
    Entry::of::<bollinger::Bollinger>(),
    Entry::of::<keltner::Keltner>(),
    Entry::of::<donchian::Donchian>(),
    Entry::of::<stochastic::Stochastic>(),
    Entry::of::<strength::Strength>(),
    Entry::of::<cci::Cci>(),
    Entry::of::<trend_averages::TrendAverages>(),
    Entry::of::<ema_distance::EmaDistance>(),
    Entry::of::<ppo::Ppo>(),
    Entry::of::<aroon::Aroon>(),
    Entry::of::<adx::Adx>(),
    Entry::of::<vortex::Vortex>(),
    Entry::of::<money_flow::MoneyFlow>(),
    Entry::of::<obv::Obv>(),
    Entry::of::<vwap::Vwap>(),
    Entry::of::<range_volatility::RangeVolatility>(),
    Entry::of::<statistics::Statistics>(),
    Entry::of::<kaufman::Kaufman>(),
    Entry::of::<regression::Regression>(),
    Entry::of::<swing::Swing>(),
    Entry::of::<drawdown::Drawdown>(),
    Entry::of::<candle_shape::CandleShape>(),
    Entry::of::<calendar_cycle::CalendarCycle>(),
    Entry::of::<sessions::Sessions>(),
    Entry::of::<four_hours::FourHours>(),
    Entry::of::<days::Days>(),
];

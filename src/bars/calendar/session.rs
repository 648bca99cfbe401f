//! The weekly hours of a kind of market.

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};

use crate::{Error, Result};

/// A kind of market, by the hours it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Currencies: Sunday 17:00 New York to Friday 17:00.
    Fx,
    /// Metals: Sunday 18:00 New York to Friday 17:00, closed daily from 17:00 to 18:00.
    Metal,
    /// Never closed: crypto.
    Always,
}

/// How names of metals begin.
const METALS: [&str; 6] = ["XAU", "XAG", "XPT", "XPD", "GOLD", "SILVER"];
/// How names of what trades at any hour begin.
const CRYPTO: [&str; 11] = ["BTC", "XBT", "ETH", "XRP", "LTC", "BCH", "SOL", "ADA", "DOGE", "DOT", "BNB"];

impl Session {
    /// The market of a symbol as brokers name it, suffixes and case aside; what is not known otherwise is a currency
    /// pair.
    #[must_use]
    pub fn of_symbol(symbol: &str) -> Self {
        let name: String = symbol.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let begins = |names: &[&str]| names.iter().any(|known| name.starts_with(known));
        if begins(&METALS) {
            Self::Metal
        } else if begins(&CRYPTO) {
            Self::Always
        } else {
            Self::Fx
        }
    }

    /// The market a setting names: `fx`, `metal`, `always`, or `auto`, which asks the symbol.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for another word.
    pub fn named(market: &str, symbol: &str) -> Result<Self> {
        match market {
            "auto" => Ok(Self::of_symbol(symbol)),
            "fx" => Ok(Self::Fx),
            "metal" => Ok(Self::Metal),
            "always" => Ok(Self::Always),
            _ => {
                let given: String = market.chars().take(40).collect();
                let problem = format!("{given:?} is none of auto, fx, metal, always");
                Err(Error::BadSetting { field: "market", problem })
            }
        }
    }

    /// New York times at which the session day of a date opens, on the evening before, and closes; `None` on weekends.
    pub(super) fn hours(self, day: NaiveDate) -> Option<(NaiveTime, NaiveTime)> {
        let opens_hour = match self {
            Self::Fx => 17,
            Self::Metal => 18,
            Self::Always => return None,
        };
        if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            return None;
        }
        Some((NaiveTime::from_hms_opt(opens_hour, 0, 0)?, usual_close()?))
    }
}

/// When every session day closes, New York time.
pub(super) fn usual_close() -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(17, 0, 0)
}

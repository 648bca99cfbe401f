//! Trading sessions by fixed hours of UTC: those of winter, whatever the season.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};

const FAMILY: &str = "sessions";
const SOURCE: &str =
    "customary hours of the foreign exchange market, 09:00 to 18:00 in Tokyo, 08:00 to 17:00 elsewhere";

/// State: none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Sessions;

const fn flag(name: &'static str, formula: &'static str) -> Spec {
    Spec::column(FAMILY, SOURCE, name, Unit::Count, 0, formula).within(0.0, 1.0)
}

impl Family for Sessions {
    const SPECS: &'static [Spec] = &[
        flag("session_tokyo", "1 when the open time lies in 00:00 to 08:59 UTC, else 0"),
        flag("session_london", "1 when the open time lies in 08:00 to 16:59 UTC, else 0"),
        flag("session_new_york", "1 when the open time lies in 13:00 to 21:59 UTC, else 0"),
        flag("session_overlap", "1 when session_london and session_new_york are both 1, else 0"),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let hour = moment.bar.time.rem_euclid(86_400) / 3_600;
        let flags = [(0..9), (8..17), (13..22), (13..17)].map(|hours| f64::from(u8::from(hours.contains(&hour))));
        out.copy_from_slice(&flags);
    }
}

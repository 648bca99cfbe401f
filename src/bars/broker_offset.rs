//! The offset of a broker's clock, measured by a tick that moves.

use super::broker_time::{BrokerClock, Dst};
use super::time;

/// Seconds by which a tick's time and UTC may move apart from one answer to the next, at most.
const APART_S_MAX: i64 = 60;

/// What answers of a broker's server have shown of its clock.
///
/// The time of one tick proves nothing: it may be from Friday, and one time in seven an old tick still lies within a
/// minute of some quarter of an hour. A tick that moved along with UTC since the answer before was new both times.
#[derive(Debug, Clone)]
pub struct BrokerOffset {
    dst: Dst,
    before: Option<(i64, i64)>,
    clock: Option<BrokerClock>,
}

impl BrokerOffset {
    /// Nothing is known but which summer time the server keeps.
    #[must_use]
    pub fn new(dst: Dst) -> Self {
        Self { dst, before: None, clock: None }
    }

    /// Notes an answer: the time of the newest tick on the server's wall clock, and UTC, seconds. What is no time is
    /// passed over.
    pub fn note(&mut self, server_s: i64, utc_s: f64) {
        let Some(utc_s) = time::from_number(utc_s).filter(|_| time::seconds_fault(server_s).is_none()) else { return };
        let moved = self.before.is_some_and(|(server, utc)| {
            server_s > server && utc_s > utc && ((server_s - server) - (utc_s - utc)).abs() <= APART_S_MAX
        });
        self.before = Some((server_s, utc_s));
        if moved && let Ok(measured) = BrokerClock::measured(server_s - utc_s, utc_s, self.dst) {
            self.clock = Some(measured);
        }
    }

    /// The clock as it was measured last; `None` before the first time.
    #[must_use]
    pub fn clock(&self) -> Option<BrokerClock> {
        self.clock
    }
}

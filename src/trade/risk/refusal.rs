//! Why an entry is refused; each reason is a code of the journal.

/// Characters of a detail at most: names of symbols and titles of news come from outside.
const DETAIL_CHARS_MAX: usize = 300;

macro_rules! refusals {
    ($($name:ident = $code:literal: $text:literal,)*) => {
        /// Why an entry is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Refusal {
            $(#[doc = $text] $name,)*
        }

        impl Refusal {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code written to the journal and to metrics.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What it means, one line.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

refusals! {
    Halted = "refused_halted": "The daemon halted itself: its ledger or book is broken, or it failed too often.",
    KillSwitch = "refused_kill_switch": "A person halted trading by file or command.",
    GatewayHalted = "refused_gateway_halted": "The gateway takes no new positions.",
    Equity = "refused_equity": "The account's equity is no positive number.",
    DailyLoss = "refused_daily_loss": "The UTC day's loss reached its limit; until the next day.",
    Drawdown = "refused_drawdown": "The fall from the highest equity reached its limit; until `resume`.",
    Reducing = "refused_reducing": "The day's loss or the drawdown is close to its limit.",
    Cooldown = "refused_cooldown": "A pause after losing trades in a row.",
    MarketClosed = "refused_market_closed": "The market is closed.",
    Weekend = "refused_weekend": "The market closes soon, for more than 24 hours.",
    Hours = "refused_hours": "Outside the trading hours.",
    News = "refused_news": "Within a window of the news file.",
    SignalAge = "refused_signal_age": "The bar that was decided on closed too long ago.",
    Quote = "refused_quote": "Bid and ask are no prices to trade at.",
    Spread = "refused_spread": "The spread is wider than allowed.",
    OrdersMinute = "refused_orders_minute": "Too many openings within 60 seconds.",
    OrdersDay = "refused_orders_day": "Too many openings of this UTC day.",
    PositionsSymbol = "refused_positions_symbol": "The symbol has as many positions as it may have.",
    PositionsTotal = "refused_positions_total": "The account has as many positions as it may have.",
    NoStop = "refused_no_stop": "There is no usable distance for stop or target.",
    Volume = "refused_volume": "The volume would be smaller than the broker takes.",
    UnknownWorth = "refused_unknown_worth": "The worth of a position cannot be told.",
    ExposureSymbol = "refused_exposure_symbol": "The symbol's positions would be worth too much.",
    ExposureGroup = "refused_exposure_group": "The positions of symbols that move together would be worth too much.",
    ExposureTotal = "refused_exposure_total": "All positions would be worth too much.",
}

/// A reason with its figures, of bounded length.
pub(super) type Refused = (Refusal, String);

/// Cuts a detail to its greatest length.
pub(super) fn bounded(mut detail: String) -> String {
    if let Some((end, _)) = detail.char_indices().nth(DETAIL_CHARS_MAX) {
        detail.truncate(end);
        detail.push('…');
    }
    detail
}

//! A quiet Wednesday noon on which everything is allowed; a test changes what it is about.

use std::collections::BTreeMap;

use mt5_sentinel::bars::{Bars, Calendar, FreshBar, Session, fresh};
use mt5_sentinel::trade::risk::{
    Around, Entry, LimitSettings, Limits, News, Observed, Pending, Ruling, Sizing, StopMode, Switch, Wish, advance,
    approve,
};
use mt5_sentinel::trade::{Account, Book, Position, Quote, Side, SymbolFacts};

/// Wednesday 2023-11-15 12:00:58 UTC.
pub const NOW_S: i64 = 1_700_049_658;
pub const HOUR_S: i64 = 3_600;
pub const DAY_S: i64 = 86_400;
pub const MAGIC: i64 = 577_215;

/// Everything an approval looks at.
pub struct Desk {
    pub set: LimitSettings,
    pub symbol: String,
    pub now_s: i64,
    pub bar_open_s: i64,
    pub quote: Quote,
    pub bars: Bars,
    pub book: Book,
    pub facts: BTreeMap<String, SymbolFacts>,
    pub closed: Vec<(i64, f64)>,
    pub pending: Vec<Pending>,
    pub openings_s: Vec<i64>,
    pub calendar: Calendar,
    pub news: News,
    pub halted: bool,
    pub switch: Switch,
    /// Equity at the start of the day, and the highest.
    pub marks: (f64, f64),
}

impl Desk {
    pub fn quiet() -> Self {
        let account = Account { balance: 10_000.0, equity: 10_000.0, margin_free: 10_000.0 };
        let facts = ["EURUSD", "GBPUSD", "USDJPY"].map(|symbol| (symbol.to_owned(), pair(symbol)));
        Self {
            set: settings(),
            symbol: "EURUSD".into(),
            now_s: NOW_S,
            bar_open_s: NOW_S - 58 - HOUR_S,
            quote: Quote { time_s: NOW_S, bid: 1.1, ask: 1.1001 },
            bars: bars(400, 0.002),
            book: Book { account, positions: Vec::new(), halted: false },
            facts: facts.into_iter().collect(),
            closed: Vec::new(),
            pending: Vec::new(),
            openings_s: Vec::new(),
            calendar: Calendar::new(Session::Fx, &[]).unwrap(),
            news: News::default(),
            halted: false,
            switch: Switch::Off,
            marks: (10_000.0, 10_000.0),
        }
    }

    /// A quiet desk after a change.
    pub fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut desk = Self::quiet();
        change(&mut desk);
        desk
    }

    pub fn limits(&self) -> Limits {
        Limits::new(self.set.clone()).unwrap()
    }

    pub fn bar(&self) -> FreshBar {
        // The gate of freshness is another's test: here a bar may have any age.
        let always = Calendar::new(Session::Always, &[]).unwrap();
        fresh(&always, self.bar_open_s, self.now_s, HOUR_S, DAY_S * 365).unwrap()
    }

    pub fn rule(&self, side: Side) -> Ruling {
        let limits = self.limits();
        let seen = |now_s, equity, switch| Observed { now_s, known: None, equity, closed: &self.closed, switch };
        let (start, peak) = self.marks;
        let morning_s = self.now_s.div_euclid(DAY_S) * DAY_S;
        let calm = Observed { closed: &[], ..seen(morning_s, start, Switch::Off) };
        let ledger = advance(None, &calm, &limits).0.map(|ledger| {
            let marked = mt5_sentinel::trade::risk::Ledger { peak_equity: peak, ..ledger };
            advance(Some(&marked), &seen(self.now_s, self.book.account.equity, self.switch), &limits).0.unwrap()
        });
        let wish = Wish { symbol: &self.symbol, side, quote: self.quote, bars: &self.bars, bar: self.bar() };
        let around = Around {
            book: &self.book,
            facts: &self.facts,
            ledger: ledger.as_ref(),
            pending: &self.pending,
            openings_s: &self.openings_s,
            calendar: &self.calendar,
            news: &self.news,
            halted: self.halted,
            switch: self.switch,
        };
        approve(&wish, &around, &limits)
    }

    /// The code of the refusal of a buy, or `approved`.
    pub fn code(&self) -> &'static str {
        self.rule(Side::Buy).entry.refusal().map_or("approved", |(reason, _)| reason.code())
    }

    /// The approved entry of a side.
    pub fn entry(&self, side: Side) -> Entry {
        let ruling = self.rule(side);
        ruling.entry.approved().unwrap_or_else(|| panic!("{:?}", ruling.entry))
    }
}

/// The defaults of the table of settings, with stops in pips.
pub fn settings() -> LimitSettings {
    LimitSettings {
        sizing: Sizing::Fixed,
        volume_lots: 0.01,
        volume_lots_max: 0.1,
        risk_per_trade: 0.005,
        stop_mode: StopMode::Pips,
        stop_atr: 2.0,
        target_atr: 3.0,
        stop_pips: 30.0,
        target_pips: 45.0,
        positions_symbol_max: 1,
        positions_max: 5,
        exposure_symbol_max: 25_000.0,
        exposure_group_max: 50_000.0,
        exposure_total_max: 100_000.0,
        exposure_groups: Vec::new(),
        daily_loss_max: 100.0,
        drawdown_max: 500.0,
        loss_warn_share: 0.5,
        loss_reduce_share: 0.8,
        losses_in_a_row_max: 4,
        cooldown_minutes: 240.0,
        orders_per_minute_max: 4,
        orders_per_day_max: 40,
        trading_hours: Vec::new(),
        weekend_flat_minutes: 30.0,
        signal_age_max_s: 1_200.0,
        spread_points_max: 30.0,
        slippage_points_max: 20,
        magic: MAGIC,
    }
}

pub fn pair(symbol: &str) -> SymbolFacts {
    SymbolFacts::currency_pair(symbol, "USD").unwrap()
}

/// Hourly bars around 1.1, each with the same true range.
pub fn bars(count: i64, range: f64) -> Bars {
    let times: Vec<i64> = (0..count).map(|row| NOW_S - 58 - (count - row) * HOUR_S).collect();
    let flat = |price: f64| vec![price; times.len()];
    let (high, low) = (flat(1.1 + range / 2.0), flat(1.1 - range / 2.0));
    Bars::from_columns(times.clone(), flat(1.1), high, low, flat(1.1), flat(1.0)).unwrap()
}

pub fn position(ticket: i64, symbol: &str, side: Side, lots: f64, magic: i64) -> Position {
    Position {
        ticket,
        symbol: symbol.into(),
        side,
        lots,
        price: if symbol.ends_with("JPY") { 150.0 } else { 1.1 },
        sl: None,
        tp: None,
        opened_s: NOW_S - HOUR_S,
        magic,
        profit: 0.0,
        req_id: None,
    }
}

pub fn pending(req_id: &str, symbol: &str, lots: f64, sl: Option<f64>, tp: Option<f64>) -> Pending {
    Pending { req_id: req_id.into(), ticket: None, symbol: symbol.into(), side: Side::Buy, lots, sl, tp }
}

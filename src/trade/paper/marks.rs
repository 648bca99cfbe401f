//! What prices do: stops and targets on bars and ticks, and the stop out.

use super::{Deal, DealBy, Held, Listed, PaperAccount, STOP_OUT_SHARE, stops};
use crate::Result;
use crate::bars::{Bar, Bars};
use crate::trade::Quote;

/// A position opened within this part of a bar, its first twentieth, lives through that bar.
const BEGUN_PARTS: i64 = 20;

impl PaperAccount {
    /// The deals that bars which closed, oldest first, and then a newest price make.
    ///
    /// Bars up to the newest executed one count no more. For a position those count that opened when it was open, or
    /// later, and the one it was opened in if that was within its first 5 %: there the stop comes first, and a target
    /// that the bar opened beyond is not taken, for the price may have left it before. A position opened later skips the
    /// rest of that bar, of which a bar cannot tell; only newest prices close it there. The length of a bar is the usual
    /// distance of the `bars`, so one bar alone counts only for what was open when it opened. Bars show one side of the
    /// market; the distance to the other is the quote's.
    ///
    /// # Errors
    /// As [`Quote::checked`].
    pub fn propose_mark(&self, symbol: &str, quote: Quote, bars: Option<&Bars>) -> Result<Vec<Deal>> {
        Quote::checked(quote.time_s, quote.bid, quote.ask)?;
        // What follows depends on what came before it, so all happens on a copy first.
        let mut copy = self.clone();
        let mut deals = Vec::new();
        let begun_s = bars.and_then(Bars::usual_interval_s).unwrap_or_default() / BEGUN_PARTS;
        for bar in bars.map(Bars::iter).into_iter().flatten() {
            if copy.executed_s(symbol).is_none_or(|newest_s| bar.time > newest_s) {
                let hit = |held: &Held| hit_by(self.symbols.get(symbol)?, held, &bar, quote, begun_s);
                copy.reach(symbol, &mut deals, hit, bar.time)?;
            }
        }
        copy.note(symbol, quote, bars);
        copy.reach(symbol, &mut deals, |held| stops::on_tick(&held.position, &quote), quote.time_s)?;
        copy.stop_out(&mut deals, quote.time_s)?;
        Ok(deals)
    }

    /// Closes every position of a symbol whose stop or target was reached; never before it had them.
    fn reach(
        &mut self,
        symbol: &str,
        deals: &mut Vec<Deal>,
        hit: impl Fn(&Held) -> Option<(DealBy, f64)>,
        time_s: i64,
    ) -> Result<()> {
        let of_symbol = self.positions.values().filter(|held| held.position.symbol == symbol);
        let hits: Vec<_> = of_symbol.filter_map(|held| Some((held.clone(), hit(held)?))).collect();
        for (held, (by, price)) in hits {
            let time_s = time_s.max(held.watched_from_s);
            self.take(deals, self.closing(&held, held.position.lots, price, time_s, by, None))?;
        }
        Ok(())
    }

    /// Closes the position with the greatest loss until the equity carries what is left.
    fn stop_out(&mut self, deals: &mut Vec<Deal>, time_s: i64) -> Result<()> {
        while self.account().equity < self.margin() * STOP_OUT_SHARE {
            let quoted =
                self.positions.values().filter_map(|held| Some((self.newest_quote(&held.position.symbol)?, held)));
            let worst = quoted.min_by(|(_, one), (_, other)| self.open_profit(one).total_cmp(&self.open_profit(other)));
            let Some((quote, held)) = worst else { break };
            let price = quote.price_for(held.position.side.opposite());
            let deal = self.closing(held, held.position.lots, price, time_s, DealBy::StopOut, None);
            if deal.is_none() {
                break;
            }
            self.take(deals, deal)?;
        }
        Ok(())
    }

    fn take(&mut self, deals: &mut Vec<Deal>, deal: Option<Deal>) -> Result<()> {
        let Some(deal) = deal else { return Ok(()) };
        self.apply(&deal)?;
        deals.push(deal);
        Ok(())
    }
}

fn hit_by(listed: &Listed, held: &Held, bar: &Bar, quote: Quote, begun_s: i64) -> Option<(DealBy, f64)> {
    let shift = stops::shift(held.position.side, listed.shows, quote.ask - quote.bid);
    if bar.time >= held.watched_from_s {
        return stops::on_bar(&held.position, bar, shift);
    }
    let is_begun = held.watched_from_s - bar.time <= begun_s;
    is_begun.then(|| stops::on_begun_bar(&held.position, bar, shift)).flatten()
}

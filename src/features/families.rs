//! The list of the families of `sentinel-v1`, in column order.

use serde::{Deserialize, Serialize};

use super::family::{Entry, Family};
use super::moment::Moment;
use super::{averages, calendar, candle, momentum, oscillators, returns, volatility, volume};

/// Hands a family its columns of the row and returns the columns behind them.
#[inline(always)]
fn fill<'row, F: Family>(family: &mut F, moment: &Moment, row: &'row mut [f64]) -> &'row mut [f64] {
    let (mine, rest) = row.split_at_mut(F::SPECS.len());
    family.step(moment, mine);
    rest
}

/// One list, three readers: the catalogue's rows, the stream's state and the stream's step cannot disagree on order.
macro_rules! families {
    ($($file:ident :: $family:ident),+ $(,)?) => {
        /// Every family, in column order.
        pub(super) const FAMILIES: &[Entry] = &[$(Entry::of::<$file::$family>()),+];

        /// The state of every family.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub(super) struct Families {
            $($file: $file::$family,)+
        }

        impl Families {
            /// The state before the first bar.
            pub(super) fn new() -> Self {
                Self { $($file: Family::new(),)+ }
            }

            /// Takes one bar and writes the whole row, as long as the catalogue.
            #[inline(always)]
            pub(super) fn step(&mut self, moment: &Moment, row: &mut [f64]) {
                let rest = row;
                $(let rest = fill(&mut self.$file, moment, rest);)+
                debug_assert!(rest.is_empty(), "every column belongs to a family");
            }
        }
    };
}

families! {
    returns::Returns,
    averages::Averages,
    volatility::Volatility,
    oscillators::Oscillators,
    candle::Candle,
    volume::Volume,
    calendar::Calendar,
    momentum::Momentum,
}

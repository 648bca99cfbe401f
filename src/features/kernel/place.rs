//! Where the catalogue puts each column that the kernel fills.

use crate::features::catalogue::CATALOGUE;

/// Place of the column; a name that the catalogue lacks does not compile.
const fn place(name: &str) -> usize {
    let mut column = 0;
    while !equal(CATALOGUE[column].name.as_bytes(), name.as_bytes()) {
        column += 1;
    }
    column
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

macro_rules! places {
    ($($constant:ident = $name:literal),+ $(,)?) => {
        $(pub(super) const $constant: usize = place($name);)+

        /// All of them: the kernel fills the catalogue, each column once.
        #[cfg(test)]
        const ALL: &[usize] = &[$($constant),+];
    };
}

places! {
    RETURN_1 = "return_1",
    RETURN_5 = "return_5",
    RETURN_10 = "return_10",
    SMA_10 = "sma_10",
    SMA_20 = "sma_20",
    EMA_10 = "ema_10",
    EMA_20 = "ema_20",
    VOLATILITY_10 = "volatility_10",
    VOLATILITY_20 = "volatility_20",
    RSI_14 = "rsi_14",
    MACD = "macd",
    MACD_SIGNAL = "macd_signal",
    MACD_HIST = "macd_hist",
    HIGH_LOW_RATIO = "high_low_ratio",
    CLOSE_HIGH_RATIO = "close_high_ratio",
    CLOSE_LOW_RATIO = "close_low_ratio",
    VOLUME_SMA_20 = "volume_sma_20",
    VOLUME_RATIO_20 = "volume_ratio_20",
    HOUR = "hour",
    DAY_OF_WEEK = "day_of_week",
    MOMENTUM_5 = "momentum_5",
    ACCELERATION_5 = "acceleration_5",
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_fills_every_column_of_the_catalogue_once() {
        let mut places = super::ALL.to_vec();
        places.sort_unstable();
        assert_eq!(places, (0..crate::features::WIDTH).collect::<Vec<_>>());
    }
}

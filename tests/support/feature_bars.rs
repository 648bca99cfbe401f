//! Synthetic bars: seeded, so every run sees the same ones; and ways to disturb them.

use mt5_sentinel::bars::Bars;

/// Columns before they become bars.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    pub time: Vec<i64>,
    pub open: Vec<f64>,
    pub high: Vec<f64>,
    pub low: Vec<f64>,
    pub close: Vec<f64>,
    pub volume: Vec<f64>,
}

impl Columns {
    pub fn bars(&self) -> Bars {
        let Self { time, open, high, low, close, volume } = self.clone();
        Bars::from_columns(time, open, high, low, close, volume).expect("the columns are clean")
    }

    /// The same bars with every price passed through `change`, which is given the bar's index.
    #[must_use]
    pub fn with_prices(mut self, change: impl Fn(usize, f64) -> f64) -> Self {
        for prices in [&mut self.open, &mut self.high, &mut self.low, &mut self.close] {
            for (bar, price) in prices.iter_mut().enumerate() {
                *price = change(bar, *price);
            }
        }
        self
    }

    /// The bars of `range` only.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            time: self.time[range.clone()].to_vec(),
            open: self.open[range.clone()].to_vec(),
            high: self.high[range.clone()].to_vec(),
            low: self.low[range.clone()].to_vec(),
            close: self.close[range.clone()].to_vec(),
            volume: self.volume[range].to_vec(),
        }
    }
}

/// Numbers in 0..1 from a seed (`SplitMix64`).
pub struct Noise(pub u64);

impl Noise {
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

fn five_decimals(price: f64) -> f64 {
    (price * 1e5).round() / 1e5
}

/// An hourly random walk near 1.2 with five decimals, weekends left out, from Monday 2021-01-04.
pub fn walk(seed: u64, count: usize) -> Columns {
    let mut noise = Noise(seed);
    let mut columns = Columns::default();
    let (mut close, mut time) = (1.2, 1_609_718_400_i64);
    for _ in 0..count {
        let open = close;
        // Drawn back towards 1.2, so that a long walk stays a price.
        close = five_decimals(close + 0.004 * (noise.draw() - 0.5) + 0.001 * (1.2 - close));
        columns.time.push(time);
        columns.open.push(open);
        columns.high.push(five_decimals(open.max(close) + 0.001 * noise.draw()));
        columns.low.push(five_decimals(open.min(close) - 0.001 * noise.draw()));
        columns.close.push(close);
        columns.volume.push((5_000.0 * noise.draw()).floor());
        time += 3_600;
        if (time / 86_400 + 3) % 7 == 5 {
            time += 2 * 86_400;
        }
    }
    columns
}

/// The value, or the one NaN: which NaN an operation returns depends on how it was compiled, and means nothing.
pub fn same_nan(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

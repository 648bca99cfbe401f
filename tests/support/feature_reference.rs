//! The 22 columns straight from their definitions, in double-double, one bar at a time from the whole history: slow,
//! with no windows, no ladders and no state shared with `src/`.

use mt5_sentinel::bars::Bars;

use super::double_double::Wide;

/// Value of every column at every bar, `None` in warm-up or where undefined.
pub type Column = Vec<Option<Wide>>;

/// Columns by name, in contract order.
pub fn columns(bars: &Bars) -> Vec<(&'static str, Column)> {
    let close: Vec<Wide> = bars.close().iter().copied().map(Wide::from).collect();
    let volume: Vec<Wide> = bars.volume().iter().copied().map(Wide::from).collect();
    let [macd, signal, hist] = macd(&close);
    let volume_mean = windows(&volume, 20, mean);
    let volume_ratio = (0..close.len())
        .map(|t| volume_mean[t].filter(|mean| mean.rounded() > 0.0).map(|mean| volume[t] / mean))
        .collect();
    let momentum = lagged(&close, 5, |now, before| now - before);
    let acceleration =
        (0..close.len()).map(|t| t.checked_sub(5).and_then(|before| Some(momentum[t]? - momentum[before]?))).collect();
    vec![
        ("return_1", returns(&close, 1)),
        ("return_5", returns(&close, 5)),
        ("return_10", returns(&close, 10)),
        ("sma_10", windows(&close, 10, mean)),
        ("sma_20", windows(&close, 20, mean)),
        ("ema_10", certain(ema(&close, 10))),
        ("ema_20", certain(ema(&close, 20))),
        ("volatility_10", volatility(&close, 10)),
        ("volatility_20", volatility(&close, 20)),
        ("rsi_14", windows(&close, 15, rsi)),
        ("macd", macd),
        ("macd_signal", signal),
        ("macd_hist", hist),
        ("high_low_ratio", ratio(bars.high(), bars.low())),
        ("close_high_ratio", ratio(bars.close(), bars.high())),
        ("close_low_ratio", ratio(bars.close(), bars.low())),
        ("volume_sma_20", volume_mean),
        ("volume_ratio_20", volume_ratio),
        ("hour", bars.time().iter().map(|&time| Some(Wide::from(calendar(time).0))).collect()),
        ("day_of_week", bars.time().iter().map(|&time| Some(Wide::from(calendar(time).1))).collect()),
        ("momentum_5", momentum),
        ("acceleration_5", acceleration),
    ]
}

fn certain(values: Vec<Wide>) -> Column {
    values.into_iter().map(Some).collect()
}

fn windows(values: &[Wide], width: usize, of: impl Fn(&[Wide]) -> Wide) -> Column {
    (0..values.len()).map(|t| (t + 1).checked_sub(width).map(|first| of(&values[first..=t]))).collect()
}

fn lagged(values: &[Wide], lag: usize, of: impl Fn(Wide, Wide) -> Wide) -> Column {
    (0..values.len()).map(|t| t.checked_sub(lag).map(|before| of(values[t], values[before]))).collect()
}

fn mean(values: &[Wide]) -> Wide {
    values.iter().copied().sum::<Wide>() / Wide::from(values.len() as f64)
}

fn returns(close: &[Wide], lag: usize) -> Column {
    lagged(close, lag, |now, before| now / before - Wide::from(1.0))
}

fn volatility(close: &[Wide], width: usize) -> Column {
    windows(close, width + 1, |closes| {
        let returns: Vec<Wide> = returns(closes, 1).into_iter().flatten().collect();
        let centre = mean(&returns);
        let squares: Wide = returns.iter().map(|&value| (value - centre) * (value - centre)).sum();
        (squares / Wide::from(width as f64 - 1.0)).sqrt()
    })
}

fn rsi(closes: &[Wide]) -> Wide {
    let changes: Vec<Wide> = closes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let gains: Wide = changes.iter().copied().filter(|change| change.rounded() > 0.0).sum();
    let losses: Wide = changes.iter().copied().filter(|change| change.rounded() < 0.0).map(Wide::abs).sum();
    if (gains + losses).rounded() == 0.0 {
        return Wide::from(50.0);
    }
    Wide::from(100.0) * gains / (gains + losses)
}

fn ema(values: &[Wide], span: u32) -> Vec<Wide> {
    let alpha = Wide::from(2.0) / Wide::from(f64::from(span) + 1.0);
    let mut average = values.first().copied().unwrap_or(Wide::ZERO);
    values
        .iter()
        .map(|&value| {
            average = alpha * value + (Wide::from(1.0) - alpha) * average;
            average
        })
        .collect()
}

fn macd(close: &[Wide]) -> [Column; 3] {
    let (fast, slow) = (ema(close, 12), ema(close, 26));
    let line: Vec<Wide> = fast.iter().zip(&slow).map(|(&fast, &slow)| fast - slow).collect();
    let signal = ema(&line, 9);
    let hist = line.iter().zip(&signal).map(|(&line, &signal)| line - signal).collect();
    [certain(line), certain(signal), certain(hist)]
}

fn ratio(above: &[f64], below: &[f64]) -> Column {
    above.iter().zip(below).map(|(&a, &b)| Some(Wide::from(a) / Wide::from(b))).collect()
}

/// Hour and weekday (Monday 0) from a date library.
pub fn calendar(time: i64) -> (f64, f64) {
    use chrono::{DateTime, Datelike, Timelike};
    let moment = DateTime::from_timestamp(time, 0).expect("the tests' times are years a calendar knows");
    (f64::from(moment.hour()), f64::from(moment.weekday().num_days_from_monday()))
}

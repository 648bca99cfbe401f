//! Averages, oscillators of the close, directional movement: exact.

use super::double_double::Wide;
use super::extended_reference::{
    Column, Series, ago, both, changes, each, each_in_turn, exponential, highest, is_above, is_zero, last, lowest,
    mean, rolling, share, sum, true_range, w, wilder,
};

pub fn columns(series: &Series) -> Vec<(&'static str, Column)> {
    let mut all = strength(series);
    all.extend(averages(series));
    all.extend(directional(series));
    all.extend(kaufman(series));
    all.extend(regression(series));
    all
}

fn hundred(part: Wide, whole: Wide, neutral: f64) -> Wide {
    if is_zero(whole) { w(neutral) } else { w(100.0) * part / whole }
}

fn gains_and_losses(values: &Column) -> (Column, Column) {
    let of = |sign: f64| {
        let part = |change: Wide| if is_above(w(sign) * change, Wide::ZERO) { w(sign) * change } else { Wide::ZERO };
        changes(values).into_iter().map(|change| change.map(part)).collect()
    };
    (of(1.0), of(-1.0))
}

pub fn plain_index(closes: &[Wide]) -> Wide {
    let column: Column = closes.iter().copied().map(Some).collect();
    let (gains, losses) = gains_and_losses(&column);
    let total = |part: &Column| part.iter().copied().flatten().sum::<Wide>();
    hundred(total(&gains), total(&gains) + total(&losses), 50.0)
}

fn strength(series: &Series) -> Vec<(&'static str, Column)> {
    let (gains, losses) = gains_and_losses(&series.close);
    let (gain, loss) = (wilder(&gains, 14), wilder(&losses, 14));
    let (gain_sum, loss_sum) = (rolling(&gains, 14, sum), rolling(&losses, 14, sum));
    let index = rolling(&series.close, 15, plain_index);
    let roc = |bars: usize| {
        each(series.len(), |t| Some(w(100.0) * (series.close[t]? / ago(&series.close, t, bars)? - w(1.0))))
    };
    vec![
        ("roc_5", roc(5)),
        ("roc_10", roc(10)),
        ("roc_20", roc(20)),
        ("rsi_wilder_14", both(&gain, &loss, |g, l| hundred(g, g + l, 50.0))),
        ("cmo_14", both(&gain_sum, &loss_sum, |g, l| hundred(g - l, g + l, 0.0))),
        (
            "stoch_rsi_14",
            rolling(&index, 14, |window| {
                let (low, high) = (lowest(window), highest(window));
                share(window[13] - low, high - low, 0.5)
            }),
        ),
    ]
}

fn averages(series: &Series) -> Vec<(&'static str, Column)> {
    let close = &series.close;
    let weighted = |window: &[Wide]| {
        let products = window.iter().enumerate().map(|(place, &close)| close * w(place as f64 + 1.0));
        products.sum::<Wide>() / w(210.0)
    };
    let once = exponential(close, 20.0, 20);
    let twice = exponential(&once, 20.0, 20);
    let thrice = exponential(&twice, 20.0, 20);
    let smooth = |values: &Column| exponential(values, 15.0, 15);
    let thrice_15 = smooth(&smooth(&smooth(close)));
    let distance = |span: f64| both(close, &exponential(close, span, 1), |close, average| close / average - w(1.0));
    let (fast, slow) = (exponential(close, 12.0, 1), exponential(close, 26.0, 1));
    let line = both(&fast, &slow, |fast, slow| w(100.0) * (fast - slow) / slow);
    let signal = exponential(&line, 9.0, 1);
    vec![
        ("wma_20", rolling(close, 20, weighted)),
        ("dema_20", both(&once, &twice, |e, ee| w(2.0) * e - ee)),
        ("tema_20", each(series.len(), |t| Some(w(3.0) * once[t]? - w(3.0) * twice[t]? + thrice[t]?))),
        ("trix_15", each(series.len(), |t| Some(w(100.0) * (thrice_15[t]? / ago(&thrice_15, t, 1)? - w(1.0))))),
        ("ema_distance_50", distance(50.0)),
        ("ema_distance_100", distance(100.0)),
        ("ema_distance_200", distance(200.0)),
        ("ppo_hist_12_26_9", both(&line, &signal, |line, signal| line - signal)),
        ("ppo_12_26", line),
        ("ppo_signal_12_26_9", signal),
    ]
}

/// Wilder's sum: 13 values, then 13/14 of itself and the next.
fn wilder_sum(values: &Column) -> Column {
    let mut total: Option<Wide> = None;
    each_in_turn(values.len(), |t| {
        if t < 14 {
            total = last(values, t, 13).map(|window| sum(&window));
            return None;
        }
        total = Some(total? * w(13.0) / w(14.0) + values[t]?);
        total
    })
}

fn directional(series: &Series) -> Vec<(&'static str, Column)> {
    let movement = |is_up: bool| {
        each(series.len(), |t| {
            let up = series.high[t]? - ago(&series.high, t, 1)?;
            let down = ago(&series.low, t, 1)? - series.low[t]?;
            let (mine, other) = if is_up { (up, down) } else { (down, up) };
            Some(if is_above(mine, other) && is_above(mine, Wide::ZERO) { mine } else { Wide::ZERO })
        })
    };
    let range = wilder_sum(&true_range(series));
    let index = |is_up: bool| both(&wilder_sum(&movement(is_up)), &range, |part, range| hundred(part, range, 0.0));
    let (plus, minus) = (index(true), index(false));
    let dx = both(&plus, &minus, |plus, minus| hundred((plus - minus).abs(), plus + minus, 0.0));
    let crossed = |from_high: bool| {
        let (here, before) = if from_high { (&series.high, &series.low) } else { (&series.low, &series.high) };
        each(series.len(), |t| Some((here[t]? - ago(before, t, 1)?).abs()))
    };
    let vortex = |from_high: bool| {
        let (part, whole) = (rolling(&crossed(from_high), 14, sum), rolling(&true_range(series), 14, sum));
        both(&part, &whole, |part, whole| share(part, whole, 1.0))
    };
    vec![
        ("adx_14", wilder(&dx, 14)),
        ("plus_di_14", plus),
        ("minus_di_14", minus),
        ("dx_14", dx),
        ("vortex_plus_14", vortex(true)),
        ("vortex_minus_14", vortex(false)),
    ]
}

fn kaufman(series: &Series) -> Vec<(&'static str, Column)> {
    let efficiency = rolling(&series.close, 11, |closes| {
        let path: Wide = closes.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
        share((closes[10] - closes[0]).abs(), path, 1.0)
    });
    let (fast, slow) = (w(2.0) / w(3.0), w(2.0) / w(31.0));
    let mut average: Option<Wide> = None;
    let kama = each_in_turn(series.len(), |t| {
        let root = slow + efficiency[t]? * (fast - slow);
        let before = average.or(ago(&series.close, t, 1))?;
        average = Some(before + root * root * (series.close[t]? - before));
        average
    });
    vec![("efficiency_ratio_10", efficiency), ("kama_10", kama)]
}

fn regression(series: &Series) -> Vec<(&'static str, Column)> {
    let middle = w(9.5);
    let products = |closes: &[Wide]| -> Wide {
        let centre = mean(closes);
        closes.iter().enumerate().map(|(place, &close)| (w(place as f64) - middle) * (close - centre)).sum()
    };
    let squares: Wide = (0..20).map(|place| (w(f64::from(place)) - middle) * (w(f64::from(place)) - middle)).sum();
    let slope = |closes: &[Wide]| products(closes) / squares;
    let line = |closes: &[Wide]| mean(closes) + slope(closes) * middle;
    let explained = |closes: &[Wide]| {
        let centre = mean(closes);
        let spread: Wide = closes.iter().map(|&close| (close - centre) * (close - centre)).sum();
        share(products(closes) * products(closes), squares * spread, 0.0)
    };
    vec![
        ("linreg_20", rolling(&series.close, 20, line)),
        ("linreg_slope_20", rolling(&series.close, 20, slope)),
        ("linreg_deviation_20", rolling(&series.close, 20, |closes| closes[19] - line(closes))),
        ("linreg_r2_20", rolling(&series.close, 20, explained)),
    ]
}

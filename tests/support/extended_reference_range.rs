//! Ranges, channels, stochastics, volatility from ranges, statistics of returns: exact.

use super::double_double::Wide;
use super::extended_reference::{
    Column, Series, ago, both, central_moment, each, exponential, highest, is_above, is_zero, last, lowest, mean,
    returns, rolling, sample_deviation, share, smaller, sum, true_range, typical, w, wilder,
};
use super::wide_functions::ln;

pub fn columns(series: &Series) -> Vec<(&'static str, Column)> {
    let mut all = channels(series);
    all.extend(stochastics(series));
    all.extend(swings(series));
    all.extend(volatility(series));
    all.extend(statistics(series));
    all.extend(drawdowns(series));
    all.extend(shape(series));
    all
}

fn channels(series: &Series) -> Vec<(&'static str, Column)> {
    let close = &series.close;
    let band = |side: f64| rolling(close, 20, move |closes| mean(closes) + w(side) * central_moment(closes, 2).sqrt());
    let (upper, lower) = (band(2.0), band(-2.0));
    let middle = rolling(close, 20, mean);
    let place = |upper: &Column, lower: &Column| {
        each(series.len(), |t| Some(share(close[t]? - lower[t]?, upper[t]? - lower[t]?, 0.5)))
    };
    let range = true_range(series);
    let (ema, half) = (exponential(close, 20.0, 1), wilder(&range, 10));
    let side = |side: f64| both(&ema, &half, move |ema, half| ema + w(side) * half);
    let (above, below) = (side(2.0), side(-2.0));
    let (top, bottom) = (rolling(&series.high, 20, highest), rolling(&series.low, 20, lowest));
    let atr = wilder(&range, 14);
    vec![
        ("natr_14", both(&atr, close, |atr, close| w(100.0) * atr / close)),
        ("atr_14", atr),
        ("true_range", range),
        ("bollinger_percent_b_20", place(&upper, &lower)),
        ("bollinger_bandwidth_20", each(series.len(), |t| Some((upper[t]? - lower[t]?) / middle[t]?))),
        ("bollinger_upper_20", upper),
        ("bollinger_lower_20", lower),
        ("keltner_position_20", place(&above, &below)),
        ("keltner_upper_20", above),
        ("keltner_lower_20", below),
        ("donchian_position_20", place(&top, &bottom)),
        ("donchian_width_20", each(series.len(), |t| Some((top[t]? - bottom[t]?) / close[t]?))),
        ("donchian_upper_20", top),
        ("donchian_lower_20", bottom),
    ]
}

fn stochastics(series: &Series) -> Vec<(&'static str, Column)> {
    let (top, bottom) = (rolling(&series.high, 14, highest), rolling(&series.low, 14, lowest));
    let place = |of: &dyn Fn(usize) -> Option<Wide>, neutral: f64| {
        each(series.len(), |t| {
            let range = top[t]? - bottom[t]?;
            Some(if is_zero(range) { w(neutral) } else { of(t)? / range })
        })
    };
    let fast = place(&|t| Some(w(100.0) * (series.close[t]? - bottom[t]?)), 50.0);
    let slow = rolling(&fast, 3, mean);
    let recency = |values: &Column, is_better: fn(Wide, Wide) -> bool| {
        rolling(values, 26, move |window| {
            let best = (0..26).fold(0, |best, place| if is_better(window[best], window[place]) { best } else { place });
            w(100.0) * (w(25.0) - w(25.0 - best as f64)) / w(25.0)
        })
    };
    let (up, down) = (recency(&series.high, is_above), recency(&series.low, |a, b| is_above(b, a)));
    let cci = rolling(&typical(series), 20, |prices| {
        let centre = mean(prices);
        let spread = prices.iter().map(|&price| (price - centre).abs()).sum::<Wide>() / w(20.0);
        share(prices[19] - centre, w(15.0) / w(1_000.0) * spread, 0.0)
    });
    vec![
        ("stoch_d_14_3", rolling(&slow, 3, mean)),
        ("stoch_k_14_3", slow),
        ("stoch_k_14", fast),
        ("williams_r_14", place(&|t| Some(w(-100.0) * (top[t]? - series.close[t]?)), -50.0)),
        ("cci_20", cci),
        ("aroon_oscillator_25", both(&up, &down, |up, down| up - down)),
        ("aroon_up_25", up),
        ("aroon_down_25", down),
    ]
}

fn swings(series: &Series) -> Vec<(&'static str, Column)> {
    let range = true_range(series);
    let pressure = each(series.len(), |t| Some(series.close[t]? - smaller(series.low[t]?, ago(&series.close, t, 1)?)));
    let part = |t: usize, bars: usize| -> Option<Wide> {
        Some(share(sum(&last(&pressure, t, bars)?), sum(&last(&range, t, bars)?), 0.5))
    };
    let middles = both(&series.high, &series.low, |high, low| (high + low) / w(2.0));
    let (short, long) = (rolling(&middles, 5, mean), rolling(&middles, 34, mean));
    vec![
        (
            "ultimate_oscillator_7_14_28",
            each(series.len(), |t| {
                Some(w(100.0) * (w(4.0) * part(t, 7)? + w(2.0) * part(t, 14)? + part(t, 28)?) / w(7.0))
            }),
        ),
        ("awesome_oscillator_5_34", both(&short, &long, |short, long| short - long)),
    ]
}

fn volatility(series: &Series) -> Vec<(&'static str, Column)> {
    let logs = |above: &Column, below: &Column| both(above, below, |above, below| ln(above / below));
    let before: Column = each(series.len(), |t| ago(&series.close, t, 1));
    let range = logs(&series.high, &series.low);
    let inside = logs(&series.close, &series.open);
    let two = ln(w(2.0));
    let mean_of = |values: &Column| rolling(values, 20, mean);
    let garman_klass =
        both(&range, &inside, |range, inside| w(0.5) * range * range - (w(2.0) * two - w(1.0)) * inside * inside);
    let rogers_satchell = each(series.len(), |t| {
        let (open, high, low, close) = (series.open[t]?, series.high[t]?, series.low[t]?, series.close[t]?);
        Some(ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open))
    });
    let rogers_satchell = mean_of(&rogers_satchell);
    let variance = |values: &Column| rolling(values, 20, |values| central_moment(values, 2) * w(20.0) / w(19.0));
    let (overnight, during) = (variance(&logs(&series.open, &before)), variance(&inside));
    let k = w(34.0) / w(100.0) / (w(134.0) / w(100.0) + w(21.0) / w(19.0));
    let root = |values: Column| values.into_iter().map(|value| value.map(Wide::sqrt)).collect::<Column>();
    let yang_zhang = each(series.len(), |t| Some(overnight[t]? + k * during[t]? + (w(1.0) - k) * rogers_satchell[t]?));
    let parkinson = mean_of(&both(&range, &range, |a, b| a * b / (w(4.0) * two)));
    vec![
        ("log_return_1", logs(&series.close, &before)),
        ("parkinson_20", root(parkinson)),
        ("garman_klass_20", root(mean_of(&garman_klass))),
        ("rogers_satchell_20", root(rogers_satchell)),
        ("yang_zhang_20", root(yang_zhang)),
    ]
}

fn statistics(series: &Series) -> Vec<(&'static str, Column)> {
    let returns = returns(series);
    let standard = |values: &[Wide], power: u32, of: &dyn Fn(Wide) -> Wide, less: f64| {
        let spread = central_moment(values, 2);
        if is_zero(spread) { Wide::ZERO } else { central_moment(values, power) / of(spread) - w(less) }
    };
    let correlation = |lag: usize| {
        rolling(&returns, 20, move |values| {
            let centre = mean(values);
            let pairs: Wide = (lag..20).map(|i| (values[i] - centre) * (values[i - lag] - centre)).sum();
            share(pairs, central_moment(values, 2) * w(20.0), 0.0)
        })
    };
    vec![
        ("skewness_20", rolling(&returns, 20, |values| standard(values, 3, &|m2| m2 * m2.sqrt(), 0.0))),
        ("kurtosis_20", rolling(&returns, 20, |values| standard(values, 4, &|m2| m2 * m2, 3.0))),
        ("autocorrelation_20_lag1", correlation(1)),
        ("autocorrelation_20_lag5", correlation(5)),
        ("zscore_20", rolling(&series.close, 20, score)),
    ]
}

/// The newest value's distance from the mean, in sample standard deviations.
pub fn score(values: &[Wide]) -> Wide {
    share(values[values.len() - 1] - mean(values), sample_deviation(values), 0.0)
}

fn drawdowns(series: &Series) -> Vec<(&'static str, Column)> {
    let from_top = |closes: &[Wide]| closes[closes.len() - 1] / highest(closes) - w(1.0);
    let falls = rolling(&series.close, 14, |closes| w(100.0) * from_top(closes));
    let squares = both(&falls, &falls, |a, b| a * b);
    vec![
        ("drawdown_50", rolling(&series.close, 50, from_top)),
        ("runup_50", rolling(&series.close, 50, |closes| closes[49] / lowest(closes) - w(1.0))),
        ("ulcer_14", rolling(&squares, 14, |squares| mean(squares).sqrt())),
    ]
}

fn shape(series: &Series) -> Vec<(&'static str, Column)> {
    let part = |of: fn([Wide; 4]) -> Wide| {
        each(series.len(), |t| {
            let prices = [series.open[t]?, series.high[t]?, series.low[t]?, series.close[t]?];
            Some(share(of(prices), prices[1] - prices[2], 0.0))
        })
    };
    vec![
        ("balance_of_power", part(|[open, _, _, close]| close - open)),
        ("body_ratio", part(|[open, _, _, close]| (close - open).abs())),
        ("upper_shadow_ratio", part(|[open, high, _, close]| smaller(high - open, high - close))),
        ("lower_shadow_ratio", part(|[open, _, low, close]| smaller(open - low, close - low))),
        ("close_location", part(|[_, high, low, close]| (close - low) - (high - close))),
        ("gap", each(series.len(), |t| Some(series.open[t]? / ago(&series.close, t, 1)? - w(1.0)))),
    ]
}

//! Columns of volume: exact.

use super::double_double::Wide;
use super::extended_reference::{
    Column, Series, ago, both, changes, each, each_in_turn, exponential, is_above, is_zero, last, rolling, share, sum,
    typical, w,
};
use super::extended_reference_range::score;

pub fn columns(series: &Series) -> Vec<(&'static str, Column)> {
    let mut all = balance(series);
    all.extend(flow(series));
    all.extend(price(series));
    all
}

fn running_total(values: &Column) -> Column {
    let mut total = Wide::ZERO;
    each_in_turn(values.len(), |t| {
        total = total + values[t]?;
        Some(total)
    })
}

fn sign(change: Wide) -> Wide {
    if is_zero(change) { Wide::ZERO } else { w(change.rounded().signum()) }
}

fn balance(series: &Series) -> Vec<(&'static str, Column)> {
    let signed = both(&changes(&series.close), &series.volume, |change, volume| sign(change) * volume);
    let from_first = each(series.len(), |t| if t == 0 { series.volume[0] } else { signed[t] });
    let net = rolling(&signed, 20, sum);
    let total = rolling(&series.volume, 20, sum);
    let force = both(&changes(&series.close), &series.volume, |change, volume| change * volume);
    vec![
        ("obv", running_total(&from_first)),
        ("obv_ratio_20", both(&net, &total, |net, total| share(net, total, 0.0))),
        ("obv_20", net),
        ("force_index_13", exponential(&force, 13.0, 13)),
        ("volume_zscore_20", rolling(&series.volume, 20, score)),
    ]
}

fn flow(series: &Series) -> Vec<(&'static str, Column)> {
    let prices = typical(series);
    let flows = |side: f64| {
        each(series.len(), |t| {
            let change = prices[t]? - ago(&prices, t, 1)?;
            let counts = is_above(w(side) * change, Wide::ZERO);
            Some(if counts { prices[t]? * series.volume[t]? } else { Wide::ZERO })
        })
    };
    let (rising, falling) = (flows(1.0), flows(-1.0));
    let money = each(series.len(), |t| {
        let (up, down) = (sum(&last(&rising, t, 14)?), sum(&last(&falling, t, 14)?));
        Some(if is_zero(up + down) { w(50.0) } else { w(100.0) - w(100.0) * down / (up + down) })
    });
    let gathered = each(series.len(), |t| {
        let (high, low, close) = (series.high[t]?, series.low[t]?, series.close[t]?);
        Some(share((close - low) - (high - close), high - low, 0.0) * series.volume[t]?)
    });
    let line = running_total(&gathered);
    let (in_window, volume) = (rolling(&gathered, 20, sum), rolling(&series.volume, 20, sum));
    let (fast, slow) = (exponential(&line, 3.0, 1), exponential(&line, 10.0, 1));
    vec![
        ("mfi_14", money),
        ("ad_line", line),
        ("cmf_20", both(&in_window, &volume, |sum, volume| share(sum, volume, 0.0))),
        ("ad_20", in_window),
        ("chaikin_oscillator_3_10", both(&fast, &slow, |fast, slow| fast - slow)),
    ]
}

fn price(series: &Series) -> Vec<(&'static str, Column)> {
    let turnover = both(&typical(series), &series.volume, |price, volume| price * volume);
    let average = each(series.len(), |t| {
        let volume = sum(&last(&series.volume, t, 20)?);
        if is_zero(volume) { None } else { Some(sum(&last(&turnover, t, 20)?) / volume) }
    });
    let deviation = both(&series.close, &average, |close, average| close / average - w(1.0));
    vec![("vwap_20", average), ("vwap_deviation_20", deviation)]
}

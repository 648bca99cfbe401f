//! The two currencies in a symbol's name.

/// The six letters of a currency pair, `EURUSD` of `EURUSD.s`; another name as it is.
pub(super) fn stem(symbol: &str) -> &str {
    symbol.get(..6).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_uppercase())).unwrap_or(symbol)
}

/// Base and quote currency; `None` where the name is no currency pair's.
pub(super) fn currencies(symbol: &str) -> Option<[&str; 2]> {
    let stem = stem(symbol);
    let is_pair = stem.len() == 6 && stem.bytes().all(|byte| byte.is_ascii_uppercase());
    is_pair.then(|| [&stem[..3], &stem[3..]])
}

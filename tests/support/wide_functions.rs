//! Logarithm, exponential, sine and cosine of double-double numbers, by their series.

use super::double_double::Wide;

/// π as the nearest f64 and what that misses.
const PI: Wide = Wide(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);

fn exponential(x: Wide) -> Wide {
    // e^x = (e^(x/1024))^1024; the series of so small a number is at 1e-36 after 12 terms.
    let small = x / Wide::from(1_024.0);
    let (mut term, mut sum) = (Wide::from(1.0), Wide::from(1.0));
    for k in 1..16 {
        term = term * small / Wide::from(f64::from(k));
        sum = sum + term;
    }
    (0..10).fold(sum, |power, _| power * power)
}

/// Natural logarithm of a positive number.
pub fn ln(x: Wide) -> Wide {
    // One step from the f64 logarithm: what is left is so near 1 that two terms of ln(1 + e) are enough.
    let near = Wide::from(x.rounded().ln());
    let rest = x * exponential(Wide::ZERO - near) - Wide::from(1.0);
    near + rest - rest * rest / Wide::from(2.0) + rest * rest * rest / Wide::from(3.0)
}

/// Sine and cosine of `part / whole` of a turn.
pub fn on_circle(part: f64, whole: f64) -> (Wide, Wide) {
    let angle = Wide::from(2.0) * PI * Wide::from(part) / Wide::from(whole);
    let (mut sin, mut cos, mut term) = (Wide::ZERO, Wide::ZERO, Wide::from(1.0));
    for k in 0..60_u32 {
        match k % 4 {
            0 => cos = cos + term,
            1 => sin = sin + term,
            2 => cos = cos - term,
            _ => sin = sin - term,
        }
        term = term * angle / Wide::from(f64::from(k + 1));
    }
    (sin, cos)
}

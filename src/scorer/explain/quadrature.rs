//! Gauss-Legendre points on 0..1: a sum over `n` of them is the integral of any polynomial of degree up to `2n - 1`.

use std::f64::consts::PI;

/// Newton steps from the cosine guess; it doubles the digits each time and needs about four.
const STEPS: usize = 8;

/// Points and weights, symmetric about 1/2.
#[derive(Debug)]
pub(super) struct Rule {
    /// The points, between 0 and 1, neither reached.
    pub points: Vec<f64>,
    /// One minus each point, without the cancellation.
    pub complements: Vec<f64>,
    /// Weights, together 1.
    pub weights: Vec<f64>,
}

impl Rule {
    /// The rule of `n` points, at least 1.
    pub fn new(n: usize) -> Self {
        let mut rule = Self { points: vec![0.5; n], complements: vec![0.5; n], weights: vec![1.0; n] };
        for at in 0..n.div_ceil(2) {
            let mut x = libm::cos(PI * (at as f64 + 0.75) / (n as f64 + 0.5));
            for _ in 0..STEPS {
                let (value, slope) = legendre(n, x);
                x -= value / slope;
            }
            let (_, slope) = legendre(n, x);
            let weight = 1.0 / ((1.0 - x * x) * slope * slope);
            for (place, low, high) in [(at, 1.0 - x, 1.0 + x), (n - 1 - at, 1.0 + x, 1.0 - x)] {
                rule.points[place] = low / 2.0;
                rule.complements[place] = high / 2.0;
                rule.weights[place] = weight;
            }
        }
        rule
    }
}

/// The Legendre polynomial of degree `n`, and its slope, at `x` inside -1..1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=n {
        let degree = degree as f64;
        let next = ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree;
        (before, value) = (value, next);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn powers_up_to_twice_the_points_are_integrated() {
        for n in [1, 2, 3, 7, 32, 256] {
            let rule = Rule::new(n);
            for power in [0, 1, 2, 5, n, 2 * n - 1].into_iter().filter(|power| *power < 2 * n) {
                let power = i32::try_from(power).unwrap_or(0);
                let terms = rule.points.iter().zip(&rule.weights).map(|(t, w)| w * t.powi(power));
                let (sum, exact) = (terms.sum::<f64>(), 1.0 / (f64::from(power) + 1.0));
                assert!((sum - exact).abs() < 1e-12 * exact.max(1e-2), "{n} points, t^{power}: {sum}, not {exact}");
            }
        }
    }
}

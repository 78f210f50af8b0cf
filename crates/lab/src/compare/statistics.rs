//! Several seeds in a few numbers: mean, standard deviation, and whether a difference is more than chance.

/// A mean and how far single values lie from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Σx / n.
    pub mean: f64,
    /// √(Σ(x − mean)² / (n − 1)); none of a single value.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of some values.
    ///
    /// ```
    /// use gradbook_lab::compare::Spread;
    /// let found = Spread::of(&[1.0, 2.0, 4.0, 9.0]);
    /// assert_eq!((found.mean, found.deviation), (4.0, Some((38.0_f64 / 3.0).sqrt())));
    /// assert_eq!(Spread::of(&[3.0]).deviation, None);
    /// ```
    ///
    /// # Panics
    /// If there are none.
    pub fn of(values: &[f64]) -> Self {
        assert!(!values.is_empty(), "the mean of no values");
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        Self { mean, deviation: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()) }
    }
}

/// Student's t at 97.5 % for 1, 2, … degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The mean of `values[i] − base[i]`, and half the width of its 95 % confidence interval, t·s/√n. Runs of one seed have
/// the same crops and the same initial weights, so their difference varies less than they do. An interval without 0 in it
/// is more than chance.
///
/// ```
/// use gradbook_lab::compare::paired;
/// let (mean, half) = paired(&[0.5, 0.7, 0.9], &[0.4, 0.5, 0.6]).unwrap(); // differences 0.1, 0.2, 0.3: s = 0.1
/// assert!((mean - 0.2).abs() < 1e-12 && (half - 4.303 * 0.1 / 3.0_f64.sqrt()).abs() < 1e-12);
/// assert_eq!(paired(&[0.5], &[0.4]), None); // one pair says nothing about chance
/// ```
///
/// # Panics
/// If there are not as many of one as of the other.
pub fn paired(values: &[f64], base: &[f64]) -> Option<(f64, f64)> {
    assert_eq!(values.len(), base.len(), "pairs have two sides");
    let differences: Vec<f64> = values.iter().zip(base).map(|(x, y)| x - y).collect();
    if differences.is_empty() {
        return None;
    }
    let Spread { mean, deviation } = Spread::of(&differences);
    let freedom = differences.len() - 1;
    let t = STUDENT.get(freedom.wrapping_sub(1)).copied().unwrap_or(1.96);
    deviation.map(|s| (mean, t * s / (differences.len() as f64).sqrt()))
}

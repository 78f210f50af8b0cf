//! [`Values`]: numbers with a shape, the form in which every answer is compared.

use std::fmt;

/// Numbers in row-major order; a single number has no axes.
///
/// ```
/// use gradbook_ladder::Values;
/// assert_eq!(Values::from(2.5).to_string(), "2.5");
/// assert_eq!(Values::new([2, 1], [1.0, -0.25]).to_string(), "[2, 1]: 1, -0.25");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Vec<f64>,
}

/// The parts of an answer, each with its name: `("∂y/∂a", 7)`.
pub type Answer = Vec<(&'static str, Values)>;

impl Values {
    /// Numbers of a shape.
    ///
    /// # Panics
    /// If there are more or fewer numbers than the shape has places.
    #[track_caller]
    pub fn new(shape: impl Into<Vec<usize>>, data: impl Into<Vec<f64>>) -> Self {
        let (shape, data) = (shape.into(), data.into());
        assert_eq!(shape.iter().product::<usize>(), data.len(), "an array of shape {shape:?}");
        Self { shape, data }
    }

    /// A list of numbers, with one axis.
    pub fn list(data: impl Into<Vec<f64>>) -> Self {
        let data = data.into();
        Self { shape: vec![data.len()], data }
    }

    /// Whether the shapes are the same and no number differs by more than rounding. NaN is NaN.
    pub fn same(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data.iter().zip(&other.data).all(|(&a, &b)| close(a, b))
    }
}

fn close(a: f64, b: f64) -> bool {
    // ∞ differs from all others by ∞: no tolerance may be ∞, too.
    a == b || (a.is_nan() && b.is_nan()) || b.is_finite() && (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// Whether two answers have the same parts.
pub(crate) fn same(a: &Answer, b: &Answer) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.same(&b.1))
}

impl From<f64> for Values {
    fn from(x: f64) -> Self {
        Self { shape: vec![], data: vec![x] }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        if !self.shape.is_empty() {
            write!(f, "{:?}: ", self.shape)?;
        }
        // Six digits after the point, without the zeros at their end.
        let short = |x: &f64| (x * 1e6).round() / 1e6;
        let shown: Vec<String> = self.data.iter().take(SHOWN).map(|x| (short(x) + 0.0).to_string()).collect();
        write!(f, "{}{}", shown.join(", "), if self.data.len() > SHOWN { ", …" } else { "" })
    }
}

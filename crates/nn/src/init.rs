//! [`Init`]: the distributions that parameters start from, written for weights whose *last* axis is the output.

use gradbook_autograd::{Real, Rng, Shape, Tensor};
use ndarray::{Array2, ArrayD};
use ndarray_rand::{
    RandomExt,
    rand_distr::{Distribution, Normal, StandardNormal, Uniform},
};

/// How many inputs reach one output (`input`), and how many outputs one input reaches (`output`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fan {
    /// Inputs per output: in / groups · taps.
    pub input: usize,
    /// Outputs per input: out / groups · taps.
    pub output: usize,
}

/// A starting value.
///
/// | rule | values | for |
/// |---|---|---|
/// | [`torch`](Self::torch) | uniform on ±1/√fan_in | PyTorch's default for linear and convolution |
/// | [`xavier_uniform`](Self::xavier_uniform) | uniform on ±gain·√(6/(fan_in + fan_out)) | tanh (Glorot & Bengio 2010) |
/// | [`xavier_normal`](Self::xavier_normal) | N(0, gain²·2/(fan_in + fan_out)) | |
/// | [`kaiming_uniform`](Self::kaiming_uniform) | uniform on ±√(6/((1 + a²)·fan)) | ReLU of slope a (He et al. 2015) |
/// | [`kaiming_normal`](Self::kaiming_normal) | N(0, 2/((1 + a²)·fan)) | |
///
/// ```
/// use gradbook_nn::{Fan, Init};
/// let fan = Fan { input: 200, output: 300 };
/// assert_eq!(Init::torch(fan.input), Init::Uniform { bound: 1.0 / 200f64.sqrt() });
/// assert_eq!(Init::xavier_normal(fan, 1.0), Init::Normal { std: (2.0 / 500f64).sqrt() });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// Uniform on ±bound.
    Uniform {
        /// The largest magnitude.
        bound: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Normal with mean 0, redrawn beyond two standard deviations.
    TruncatedNormal {
        /// The standard deviation before the tails are cut.
        std: f64,
    },
    /// gain · Q with orthonormal columns (or rows, if there are fewer), read as the matrix
    /// `[all axes but the last, last axis]` (Saxe et al. 2014).
    Orthogonal {
        /// The factor on Q.
        gain: f64,
    },
}

impl Init {
    /// All zeros.
    pub const ZEROS: Self = Self::Constant(0.0);
    /// All ones.
    pub const ONES: Self = Self::Constant(1.0);

    /// PyTorch's default for weights and biases of linear and convolution layers.
    pub fn torch(fan_in: usize) -> Self {
        Self::Uniform { bound: 1.0 / (fan_in.max(1) as f64).sqrt() }
    }

    /// Keeps the variance of activations and gradients alike; `gain` is 5/3 for tanh.
    pub fn xavier_uniform(fan: Fan, gain: f64) -> Self {
        Self::Uniform { bound: gain * (6.0 / (fan.input + fan.output).max(1) as f64).sqrt() }
    }

    /// [`xavier_uniform`](Self::xavier_uniform) as a normal distribution.
    pub fn xavier_normal(fan: Fan, gain: f64) -> Self {
        Self::Normal { std: gain * (2.0 / (fan.input + fan.output).max(1) as f64).sqrt() }
    }

    /// Keeps the variance through (leaky) ReLUs of slope `slope`; `fan` is the fan-in to keep that of activations,
    /// the fan-out to keep that of gradients.
    pub fn kaiming_uniform(fan: usize, slope: f64) -> Self {
        Self::Uniform { bound: (6.0 / ((1.0 + slope * slope) * fan.max(1) as f64)).sqrt() }
    }

    /// [`kaiming_uniform`](Self::kaiming_uniform) as a normal distribution.
    pub fn kaiming_normal(fan: usize, slope: f64) -> Self {
        Self::Normal { std: (2.0 / ((1.0 + slope * slope) * fan.max(1) as f64)).sqrt() }
    }

    /// Draws a tensor. The draws are made in `f64`, so all number types get the same values up to rounding.
    ///
    /// # Panics
    /// If a bound or deviation is negative or not finite.
    #[track_caller]
    pub fn draw<T: Real>(self, shape: Shape, rng: &mut Rng) -> Tensor<T> {
        if let Self::Uniform { bound: size }
        | Self::Normal { std: size }
        | Self::TruncatedNormal { std: size }
        | Self::Orthogonal { gain: size } = self
        {
            let sound = size.is_finite() && size >= 0.0;
            assert!(sound, "init: {self:?} is no distribution\n  rule: finite and ≥ 0");
        }
        let values = match self {
            Self::Constant(value) => return Tensor::filled(shape, T::of(value)),
            Self::Uniform { bound } => {
                let range = Uniform::new_inclusive(-bound, bound).expect("a finite range that is not empty");
                ArrayD::random_using(&shape[..], range, rng)
            }
            Self::Normal { std } => {
                let normal = Normal::new(0.0, std).expect("a finite deviation");
                ArrayD::random_using(&shape[..], normal, rng)
            }
            Self::TruncatedNormal { std } => {
                ArrayD::random_using(&shape[..], Truncated, rng).mapv_into(|x| std * x)
            }
            Self::Orthogonal { gain } => orthogonal(shape, rng).mapv_into(|x| gain * x),
        };
        Tensor::from(values.mapv(T::of))
    }
}

/// The standard normal distribution within ±2, by rejection.
struct Truncated;

impl Distribution<f64> for Truncated {
    fn sample<R: ndarray_rand::rand::Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        loop {
            let x: f64 = StandardNormal.sample(rng);
            if x.abs() <= 2.0 {
                return x;
            }
        }
    }
}

/// Gram–Schmidt on a normal matrix: Q is uniform over orthonormal frames, because R has a positive diagonal.
fn orthogonal(shape: Shape, rng: &mut Rng) -> ArrayD<f64> {
    let columns = shape.last().copied().unwrap_or(1);
    let rows = shape.size() / columns.max(1);
    let (long, short) = (rows.max(columns), rows.min(columns));
    let mut q: Array2<f64> = Array2::random_using((short, long), StandardNormal, rng); // one vector per row
    for i in 0..short {
        let (done, mut rest) = q.view_mut().split_at(ndarray::Axis(0), i);
        let mut v = rest.row_mut(0);
        for _ in 0..2 {
            // The second round takes away what rounding left of the first.
            for u in done.rows() {
                let along = u.dot(&v);
                v.scaled_add(-along, &u);
            }
        }
        let norm = v.dot(&v).sqrt();
        v.mapv_inplace(|x| x / norm);
    }
    let q = if rows < columns { q } else { q.reversed_axes().as_standard_layout().into_owned() };
    q.into_shape_with_order(shape.to_vec()).expect("rows · columns is the size of the shape")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::SeedableRng;

    fn drawn(init: Init, shape: &[usize]) -> Tensor<f64> {
        init.draw(Shape::new(shape), &mut Rng::seed_from_u64(3))
    }

    #[test]
    fn orthogonal_weights_have_orthonormal_columns_or_rows() {
        for shape in [&[3, 4, 5][..], &[4, 9], &[6, 6], &[5]] {
            let w = drawn(Init::Orthogonal { gain: 2.0 }, shape);
            let m = w.rows();
            let gram = if m.nrows() >= m.ncols() { m.t().dot(&m) } else { m.dot(&m.t()) };
            for ((i, j), &x) in gram.indexed_iter() {
                let expected = if i == j { 4.0 } else { 0.0 };
                assert!((x - expected).abs() < 1e-12, "{shape:?}: [{i}, {j}] is {x}");
            }
        }
    }

    #[test]
    fn draws_have_the_moments_and_bounds_they_promise() {
        let moments = |w: &Tensor<f64>| {
            let n = w.as_slice().len() as f64;
            let mean = w.as_slice().iter().sum::<f64>() / n;
            (mean, (w.as_slice().iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
        };
        let largest = |w: &Tensor<f64>| w.as_slice().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let uniform = drawn(Init::Uniform { bound: 0.3 }, &[100, 200]);
        assert!(largest(&uniform) <= 0.3 && largest(&uniform) > 0.299);
        assert!((moments(&uniform).1 - 0.3 / 3f64.sqrt()).abs() < 2e-3);
        let normal = drawn(Init::Normal { std: 0.5 }, &[100, 200]);
        assert!(moments(&normal).0.abs() < 0.02 && (moments(&normal).1 - 0.5).abs() < 0.01);
        let truncated = drawn(Init::TruncatedNormal { std: 0.5 }, &[100, 200]);
        // The deviation of a normal cut at ±2 is 0.8796 of the uncut one.
        assert!(largest(&truncated) <= 1.0 && (moments(&truncated).1 - 0.5 * 0.8796).abs() < 0.01);
    }

    /// Gram–Schmidt leaves the first vector as it is: a column, or a row if there are fewer of those.
    #[test]
    fn the_first_vector_of_a_frame_is_the_first_draw_at_length_1() {
        for (shape, step) in [([6, 6], 6), ([6, 2], 2), ([2, 6], 1)] {
            let (frame, draw) =
                (drawn(Init::Orthogonal { gain: 1.0 }, &shape), drawn(Init::Normal { std: 1.0 }, &[6]));
            let length = draw.as_slice().iter().map(|x| x * x).sum::<f64>().sqrt();
            for (found, x) in frame.as_slice().iter().step_by(step).zip(draw.as_slice()) {
                assert!((found - x / length).abs() < 1e-12, "{shape:?}");
            }
        }
    }

    #[test]
    fn single_precision_starts_from_the_same_values() {
        let init = Init::TruncatedNormal { std: 0.1 };
        let wide = drawn(init, &[7]);
        let narrow: Tensor<f32> = init.draw(Shape::new(&[7]), &mut Rng::seed_from_u64(3));
        assert!(wide.as_slice().iter().zip(narrow.as_slice()).all(|(&w, &n)| w as f32 == n));
    }
}

//! y = eˣ / Σ eˣ along an axis,  ∂L/∂x = y·(g − Σ g·y)

use super::*;

pub static SOFTMAX: Op = Op {
    name: "softmax",
    formula: "y = eˣ / Σ eˣ along an axis",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.normal(&[a, b, c])], |x| x[0].softmax(2)),
            case!([s.normal(&[a, b, c])], |x| x[0].softmax(1)),
            // Several columns, as x + 100 rounds to 10⁻¹⁴: by itself one could vary too little for differences to see.
            case!([s.normal(&[a + 1, 4])], |x| (x[0] + 100.0).softmax(0)),
        ]
    },
};

/// What all functions of Σ eˣ are made of. With the maximum taken off, eˣ cannot overflow.
pub(super) struct Exponentials<T: Real> {
    /// m = max x along the axes, or 0 where that is infinite (∞ − ∞ has no value).
    pub max: Tensor<T>,
    /// x − m
    pub below: Tensor<T>,
    /// eˣ⁻ᵐ
    pub exp: Tensor<T>,
    /// Σ eˣ⁻ᵐ
    pub sum: Tensor<T>,
}

impl<T: Real> Exponentials<T> {
    pub fn new(x: &Tensor<T>, axes: &[usize]) -> Self {
        let max = x.fold_axes(axes, T::of(f64::NEG_INFINITY), |m, x| if x > m { x } else { m });
        let max = max.map(|m| if m.is_finite() { m } else { T::ZERO });
        let below = x.zip(&max, |x, m| x - m);
        let exp = below.map(T::exp);
        let sum = exp.fold_axes(axes, T::ZERO, |sum, e| sum + e);
        Self { max, below, exp, sum }
    }

    /// Σ eˣ⁻ᵐ to divide by: NaN where an x is +∞, so that nothing is a probability.
    pub fn divisor(&self) -> Tensor<T> {
        self.sum.map(|sum| if sum.to_f64().is_finite() { sum } else { T::of(f64::NAN) })
    }
}

impl<T: Real> Var<'_, T> {
    /// The probabilities eˣ / Σ eˣ along `axis`, without overflow; ∂L/∂x = y·(g − Σ g·y). An x of −∞ gets probability 0 and
    /// no gradient; all −∞, or one +∞, is no distribution: NaN.
    ///
    /// ```text
    /// x [row, code]   x.softmax(1) [row, code], rows summing to 1
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2], vec![0.0, 3f64.ln()]));
    /// let y = x.softmax(0);                                               // [¼, ¾]
    /// let grads = y.backward_with(Tensor::new([2], vec![1.0, 0.0]));
    /// assert!((grads[x].as_slice()[0] - 0.25 * 0.75).abs() < 1e-12);      // ∂y₀/∂x₀ = y₀ (1 − y₀)
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        self.shape().check_axes("softmax", &[axis]);
        let e = Exponentials::new(&self.value(), &[axis]);
        let y = e.exp.zip(&e.divisor(), |e, sum| e / sum);
        let saved = y.clone();
        self.tape.record(&SOFTMAX, &[self], y, move |g, sink| {
            let mut gy = g;
            gy.zip_assign(&saved, |g, y| g * y);
            let along = gy.fold_axes(&[axis], T::ZERO, |sum, gy| sum + gy);
            gy.zip_assign(&saved.zip(&along, |y, s| y * s), |gy, ys| gy - ys); // y·g − y·Σ g·y
            sink.add(0, gy);
        })
    }
}

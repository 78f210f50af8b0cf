//! y = ln Σ eˣ over some axes,  ∂y/∂x = eˣ⁻ʸ: the softmax

use super::softmax::Exponentials;
use super::*;

pub static LOGSUMEXP: Op = Op {
    name: "logsumexp",
    formula: "y = ln Σ eˣ over axes",
    cases: |s| {
        let cases = reduction_cases!(normal: logsumexp(&[1]), logsumexp_keep(&[2, 0]), logsumexp_all());
        let mut cases = cases(s);
        cases.push(case!([s.normal(&[3, 4])], |x| (x[0] + 100.0).logsumexp(&[1])));
        cases
    },
};

impl<T: Real> Var<'_, T> {
    reduction! {
        /// ln Σ eˣ over `axes`, which vanish: a smooth maximum, without overflow; ∂y/∂x = eˣ⁻ʸ, the softmax. Where every x is
        /// −∞ it is −∞, with gradient 0.
        ///
        /// ```text
        /// x [row, code]   x.logsumexp(&[1]) [row]   x.logsumexp_keep(&[1]) [row, 1]   x.logsumexp_all() []
        /// ```
        ///
        /// ```
        /// use gradbook_autograd::{Tape, Tensor};
        /// let tape = Tape::<f64>::new();
        /// let x = tape.var(Tensor::new([2], vec![1000.0, 1000.0]));
        /// let y = x.logsumexp_all(); // 1000 + ln 2
        /// assert!((y.backward()[x].as_slice()[0] - 0.5).abs() < 1e-12);
        /// ```
        ///
        /// # Panics
        /// If an axis does not exist or is named twice.
        logsumexp, logsumexp_keep, logsumexp_all by log_summed
    }

    #[track_caller]
    fn log_summed(self, axes: &[usize], keep: bool) -> Self {
        self.reduce(&LOGSUMEXP, axes, keep, |x| {
            let Exponentials { max, exp, sum, .. } = Exponentials::new(&x, axes);
            let y = max.zip(&sum, |m, sum| m + sum.ln());
            (y, move |g| {
                let share = g.zip(&sum, |g, sum| if sum.to_f64() == 0.0 { T::ZERO } else { g / sum });
                exp.zip(&share, |e, share| e * share) // ∂L/∂x = g·eˣ⁻ᵐ / Σ eˣ⁻ᵐ
            })
        })
    }
}

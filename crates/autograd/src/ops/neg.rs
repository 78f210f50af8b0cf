//! y = −x,  ∂y/∂x = −1
//!
//! ```
//! let tape = gradbook_autograd::Tape::<f64>::new();
//! let x = tape.scalar(2.0);
//! let grads = (-x).backward();
//! assert_eq!(grads[x].item(), -1.0);
//! ```

use std::ops::Neg;

use super::*;

pub static NEG: Op = Op {
    name: "neg",
    formula: "y = −x",
    cases: |s| {
        vec![case!([s.any(Sampler::normal)], |x| -x[0]), case!([s.any(Sampler::normal)], |x| -(x[0] * x[0]))]
    },
};

impl<T: Real> Neg for Var<'_, T> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.map_linear(&NEG, |x| -x, |g| -g)
    }
}

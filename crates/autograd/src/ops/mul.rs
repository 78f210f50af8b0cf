//! z = x·y,  ∂z/∂x = y, ∂z/∂y = x
//!
//! ```
//! let tape = gradbook_autograd::Tape::<f64>::new();
//! let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
//! let grads = (x * y).backward();
//! assert_eq!((grads[x].item(), grads[y].item()), (4.0, 3.0));
//! ```

use std::ops::Mul;

use super::*;

pub static MUL: Op = Op { name: "mul", formula: "z = x·y", cases: operator_cases!(*, normal) };

impl<'t, T: Real> Mul for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn mul(self, y: Self) -> Self {
        broadcast_or_panic("mul", &self.shape(), &y.shape());
        let (xv, yv) = (self.value(), y.value());
        let z = xv.zip(&yv, |x, y| x * y);
        self.tape.record(&MUL, &[self, y], z, move |g, sink| {
            sink.give(0, || g.zip(&yv, |g, y| g * y)); // ∂L/∂x = g·y
            sink.give(1, || g.zip(&xv, |g, x| g * x)); // ∂L/∂y = g·x
        })
    }
}

operator_with_number! {
    Mul::mul,
    |x, c| x.map_linear(&MUL, move |x| x * T::of(c), move |g| g * T::of(c)),
    |c, x| x * c
}

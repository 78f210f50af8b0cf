//! z = x − y,  ∂z/∂x = 1, ∂z/∂y = −1
//!
//! ```
//! let tape = gradbook_autograd::Tape::<f64>::new();
//! let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
//! let grads = (x - y).backward();
//! assert_eq!((grads[x].item(), grads[y].item()), (1.0, -1.0));
//! ```

use std::ops::Sub;

use super::*;

pub static SUB: Op = Op { name: "sub", formula: "z = x − y", cases: operator_cases!(-, normal) };

impl<'t, T: Real> Sub for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn sub(self, y: Self) -> Self {
        broadcast_or_panic("sub", &self.shape(), &y.shape());
        let z = self.value().zip(&y.value(), |x, y| x - y);
        self.tape.record(&SUB, &[self, y], z, |g, sink| {
            sink.give(1, || g.map(|g| -g));
            sink.add(0, g);
        })
    }
}

operator_with_number! {
    Sub::sub,
    |x, c| x + -c,
    |c, x| x.map_linear(&SUB, move |x| T::of(c) - x, |g| -g)
}

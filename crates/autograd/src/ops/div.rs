//! z = x/y,  ∂z/∂x = 1/y, ∂z/∂y = −z/y
//!
//! ```
//! let tape = gradbook_autograd::Tape::<f64>::new();
//! let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
//! let grads = (x / y).backward();
//! assert_eq!((grads[x].item(), grads[y].item()), (0.25, -0.1875));
//! ```

use std::ops::Div;

use super::*;

pub static DIV: Op = Op { name: "div", formula: "z = x/y", cases: operator_cases!(/, nonzero) };

impl<'t, T: Real> Div for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn div(self, y: Self) -> Self {
        broadcast_or_panic("div", &self.shape(), &y.shape());
        let (xv, yv) = (self.value(), y.value());
        let z = xv.zip(&yv, |x, y| x / y);
        let saved = z.clone();
        self.tape.record(&DIV, &[self, y], z, move |g, sink| {
            let g = g.zip(&yv, |g, y| g / y); // ∂L/∂x = g/y
            sink.give(1, || g.zip(&saved, |g, z| -g * z)); // ∂L/∂y = −(g/y)·z
            sink.add(0, g);
        })
    }
}

operator_with_number! {
    Div::div,
    |x, c| x.map_linear(&DIV, move |x| x / T::of(c), move |g| g / T::of(c)),
    |c, y| y.map_by_input(&DIV, move |y| T::of(c) / y, move |y| -(T::of(c) / y) / y)
}

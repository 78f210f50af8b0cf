//! z = x + y,  ∂z/∂x = ∂z/∂y = 1
//!
//! ```
//! let tape = gradbook_autograd::Tape::<f64>::new();
//! let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
//! let grads = (x + y).backward();
//! assert_eq!((grads[x].item(), grads[y].item()), (1.0, 1.0));
//! ```

use std::ops::Add;

use super::*;

pub static ADD: Op = Op { name: "add", formula: "z = x + y", cases: operator_cases!(+, normal) };

impl<'t, T: Real> Add for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn add(self, y: Self) -> Self {
        broadcast_or_panic("add", &self.shape(), &y.shape());
        let z = self.value().zip(&y.value(), |x, y| x + y);
        self.tape.record(&ADD, &[self, y], z, |g, sink| {
            sink.add(0, g.clone());
            sink.add(1, g);
        })
    }
}

operator_with_number! {
    Add::add,
    |x, c| x.map_linear(&ADD, move |x| x + T::of(c), |g| g),
    |c, x| x + c
}

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

pub static SUB: Op = Op {
    name: "sub",
    formula: "z = x − y",
    cases: |s| {
        let mut cases: Vec<_> = s
            .broadcast_pairs()
            .iter()
            .map(|[a, b]| case!([s.normal(a), s.normal(b)], |x| x[0] - x[1]))
            .collect();
        let shape = s.shape();
        cases.push(case!([s.normal(&shape)], |x| x[0] - 1.5));
        cases.push(case!([s.normal(&shape)], |x| 1.5 - x[0]));
        cases.push(case!([s.normal(&shape)], |x| x[0] * x[0] - x[0]));
        cases
    },
};

impl<'t, T: Real> Sub for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn sub(self, y: Self) -> Self {
        broadcast_or_panic("sub", &self.shape(), &y.shape());
        let z = self.value().zip(&y.value(), |x, y| x - y);
        self.tape.record(&SUB, &[self, y], z, |g, sink| {
            if sink.wants(1) {
                sink.add(1, g.map(|g| -g));
            }
            sink.add(0, g);
        })
    }
}

impl<T: Real> Sub<f64> for Var<'_, T> {
    type Output = Self;
    #[track_caller]
    fn sub(self, c: f64) -> Self {
        self + -c
    }
}

impl<'t, T: Real> Sub<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[track_caller]
    fn sub(self, x: Var<'t, T>) -> Var<'t, T> {
        let c = T::of(self);
        let z = x.value().map(|x| c - x);
        x.tape.record(&SUB, &[x], z, |mut g, sink| {
            g.map_assign(|g| -g);
            sink.add(0, g);
        })
    }
}

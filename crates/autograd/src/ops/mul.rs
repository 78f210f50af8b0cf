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

pub static MUL: Op = Op {
    name: "mul",
    formula: "z = x·y",
    cases: |s| {
        let mut cases: Vec<_> = s
            .broadcast_pairs()
            .iter()
            .map(|[a, b]| case!([s.normal(a), s.normal(b)], |x| x[0] * x[1]))
            .collect();
        let shape = s.shape();
        cases.push(case!([s.normal(&shape)], |x| x[0] * 1.5));
        cases.push(case!([s.normal(&shape)], |x| 1.5 * x[0]));
        cases.push(case!([s.normal(&shape)], |x| x[0] * x[0]));
        cases
    },
};

impl<'t, T: Real> Mul for Var<'t, T> {
    type Output = Self;
    #[track_caller]
    fn mul(self, y: Self) -> Self {
        broadcast_or_panic("mul", &self.shape(), &y.shape());
        let (xv, yv) = (self.value(), y.value());
        let z = xv.zip(&yv, |x, y| x * y);
        self.tape.record(&MUL, &[self, y], z, move |g, sink| {
            if sink.wants(0) {
                sink.add(0, g.zip(&yv, |g, y| g * y)); // ∂L/∂x = g·y
            }
            if sink.wants(1) {
                sink.add(1, g.zip(&xv, |g, x| g * x)); // ∂L/∂y = g·x
            }
        })
    }
}

impl<T: Real> Mul<f64> for Var<'_, T> {
    type Output = Self;
    #[track_caller]
    fn mul(self, c: f64) -> Self {
        let c = T::of(c);
        let z = self.value().map(|x| x * c);
        self.tape.record(&MUL, &[self], z, move |mut g, sink| {
            g.map_assign(|g| g * c);
            sink.add(0, g);
        })
    }
}

impl<'t, T: Real> Mul<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[track_caller]
    fn mul(self, x: Var<'t, T>) -> Var<'t, T> {
        x * self
    }
}

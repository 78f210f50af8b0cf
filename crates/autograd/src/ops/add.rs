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

pub static ADD: Op = Op {
    name: "add",
    formula: "z = x + y",
    cases: |s| {
        let mut cases: Vec<_> = s
            .broadcast_pairs()
            .iter()
            .map(|[a, b]| case!([s.normal(a), s.normal(b)], |x| x[0] + x[1]))
            .collect();
        let shape = s.shape();
        cases.push(case!([s.normal(&shape)], |x| x[0] + 1.5));
        cases.push(case!([s.normal(&shape)], |x| 1.5 + x[0]));
        cases.push(case!([s.normal(&shape)], |x| x[0] + x[0]));
        cases
    },
};

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

impl<T: Real> Add<f64> for Var<'_, T> {
    type Output = Self;
    #[track_caller]
    fn add(self, c: f64) -> Self {
        let c = T::of(c);
        let z = self.value().map(|x| x + c);
        self.tape.record(&ADD, &[self], z, |g, sink| sink.add(0, g))
    }
}

impl<'t, T: Real> Add<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[track_caller]
    fn add(self, x: Var<'t, T>) -> Var<'t, T> {
        x + self
    }
}

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

pub static DIV: Op = Op {
    name: "div",
    formula: "z = x/y",
    cases: |s| {
        let mut cases: Vec<_> = s
            .broadcast_pairs()
            .iter()
            .map(|[a, b]| case!([s.normal(a), s.nonzero(b)], |x| x[0] / x[1]))
            .collect();
        let shape = s.shape();
        cases.push(case!([s.nonzero(&shape)], |x| x[0] / 1.5));
        cases.push(case!([s.nonzero(&shape)], |x| 1.5 / x[0]));
        cases.push(case!([s.nonzero(&shape)], |x| x[0] / (x[0] * x[0])));
        cases
    },
};

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
            if sink.wants(1) {
                sink.add(1, g.zip(&saved, |g, z| -g * z)); // ∂L/∂y = −(g/y)·z
            }
            sink.add(0, g);
        })
    }
}

impl<T: Real> Div<f64> for Var<'_, T> {
    type Output = Self;
    #[track_caller]
    fn div(self, c: f64) -> Self {
        let c = T::of(c);
        let z = self.value().map(|x| x / c);
        self.tape.record(&DIV, &[self], z, move |mut g, sink| {
            g.map_assign(|g| g / c);
            sink.add(0, g);
        })
    }
}

impl<'t, T: Real> Div<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[track_caller]
    fn div(self, x: Var<'t, T>) -> Var<'t, T> {
        let (c, y) = (T::of(self), x.value());
        let z = y.map(|y| c / y);
        x.tape.record(&DIV, &[x], z, move |mut g, sink| {
            g.zip_assign(&y, |g, y| -g * c / (y * y)); // ∂L/∂y = −g·c/y²
            sink.add(0, g);
        })
    }
}

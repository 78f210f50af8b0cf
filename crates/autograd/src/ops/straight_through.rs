//! y = q,  ∂y/∂z = 1 by decree: the derivative of another value than the one computed

use super::*;

pub static STRAIGHT_THROUGH: Op = Op {
    name: "straight_through",
    formula: "y = q with the derivative of z",
    cases: |s| {
        let shape = s.shape();
        let x = s.normal(&shape);
        vec![
            case!([x.clone()], |x| x[0].straight_through(x[0].square()), surrogate | x | x[0]),
            case!([x], |x| x[0].square().surrogate(x[0].tanh()), surrogate | x | x[0].tanh()),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The value of q with gradient 1 to z (this value) and none to q: how a gradient passes a quantizer. It is
    /// `z + (q − z).detach()` without rounding. Bengio, Léonard, Courville 2013, arXiv:1308.3432.
    ///
    /// ```text
    /// z [row, channel], q [row, channel]   z.straight_through(q) [row, channel]
    /// ```
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let (z, q) = (tape.scalar(0.8), tape.scalar(1.0));
    /// let y = z.straight_through(q).square();
    /// let grads = y.backward();
    /// assert_eq!((y.item(), grads[z].item()), (1.0, 2.0)); // the derivative of y at q, handed to z
    /// assert!(grads.get(q).is_none());
    /// ```
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn straight_through(self, q: Self) -> Self {
        let (z, value) = (self.value(), q.value());
        if z.shape() != value.shape() {
            let operands = [("z", z.shape(), ""), ("q", value.shape(), "")];
            mismatch("straight_through", "the shapes differ", &operands, "z and q have one shape");
        }
        let y = T::carrying(value, Some(&z));
        self.tape.record(&STRAIGHT_THROUGH, &[self, q], y, |g, sink| sink.add(0, g))
    }

    /// This value with the derivative of `soft`, its surrogate: a hard decision that learns as a soft one does.
    /// `hard.surrogate(soft)` is `soft.straight_through(hard)`, read from the other side.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.5);
    /// let step = tape.scalar(1.0);                              // the sign of x, whose true derivative is 0
    /// let y = step.surrogate(x.tanh());
    /// assert_eq!(y.item(), 1.0);
    /// assert!((y.backward()[x].item() - 0.786_447_7).abs() < 1e-6); // that of tanh x
    /// ```
    #[track_caller]
    pub fn surrogate(self, soft: Self) -> Self {
        soft.straight_through(self)
    }
}

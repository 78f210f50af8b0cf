//! y = x,  ∂y/∂x = 0 by decree

use super::*;

pub static DETACH: Op = Op {
    name: "detach",
    formula: "y = x, a constant",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].detach() + x[0], surrogate | x | x[0])],
};

impl<T: Real> Var<'_, T> {
    /// The value of x as a constant: no gradient flows back through it, by reverse or forward mode. Written sg\[x\], "stop
    /// gradient", in the VQ-VAE's losses. No data moves.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(3.0);
    /// let grads = (x * x.detach()).backward();
    /// assert_eq!(grads[x].item(), 3.0); // not 2x = 6
    /// ```
    #[track_caller]
    pub fn detach(self) -> Self {
        let y = T::carrying(self.value(), None);
        self.tape.record_flat(&DETACH, self, y)
    }
}

//! Rung 5. A neuron, on your tape.
//!
//! y = tanh(w·x + b), where w·x = Σ wᵢxᵢ. The derivative of tanh is 1 − tanh²: the value that was just computed is all it
//! needs.
//!
//! Book: chapter 1, exercise 5; chapter 2, exercises.

use super::r02_tape::Var;

impl Var<'_, f64> {
    /// y = tanh x
    pub fn tanh(self) -> Self {
        let y = self.value().tanh();
        self.tape.record(&[self], y, move |g| {
            // g is ∂L/∂y.
            //< [∂L/∂x]
            vec![g * (1.0 - y * y)]
            //>
        })
    }
}

/// tanh(Σ wᵢxᵢ + b)
pub fn neuron<'t>(w: &[Var<'t, f64>], x: &[Var<'t, f64>], b: Var<'t, f64>) -> Var<'t, f64> {
    //< multiply, add up, squash
    let mut sum = b;
    for (&w, &x) in w.iter().zip(x) {
        sum = sum.add(w.mul(x));
    }
    sum.tanh()
    //>
}

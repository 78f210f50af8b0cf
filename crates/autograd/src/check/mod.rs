//! Proving gradients by machine, for the ops of this crate and for yours.
//!
//! A [`Case`] is a function with concrete inputs. [`Case::verify`] holds its tape gradient against independent oracles:
//!
//! | oracle | what it is | agreement |
//! |---|---|---|
//! | central differences | ⟨u, f(x + hv) − f(x − hv)⟩ / 2h for random u, v | 10⁻⁶ |
//! | dual numbers | ⟨u, J v⟩ = ⟨Jᵀu, v⟩, J v by forward mode | 10⁻¹² |
//! | second order | the Hessian of ⟨u, f⟩ is symmetric, and the difference of gradients and of forward slopes | 10⁻⁹, 10⁻⁶ |
//! | fan-out | f(x) + f(x) has twice the gradient | 10⁻¹² |
//! | constants | an argument made constant changes no other gradient | same bits |
//! | cotangent | Jᵀ(2u) = 2 Jᵀu | same bits |
//! | precision | the gradient in f32 is near that in f64 | 10⁻³ |
//!
//! The cotangent u is random: a cotangent of ones hides wrong scales and permutations.
//!
//! ```
//! use gradbook_autograd::{case, check::Sampler};
//! let mut s = Sampler::new(1);
//! let shape = s.shape();
//! case!([s.normal(&shape)], |x| (x[0] * x[0]).tanh()).verify(1).expect("the chain rule holds");
//! ```

mod case;
mod failure;
mod oracle;
mod sampler;
mod verify;

pub use case::{Case, Function, Generic, function};
pub use failure::{Errors, Failure};
pub use sampler::Sampler;

use crate::{Real, Tensor, backward::Fault, ops::Op};

/// What a gradient is checked with where it is not that of one op: a layer's, or a loss's.
pub type GradCase = Op;

/// Verifies one random draw of every case of an op. Returns the number of cases and the largest errors seen.
///
/// ```
/// use gradbook_autograd::{check, ops};
/// for op in ops::ALL.iter().take(3) {
///     let (cases, errors) = check::verify_op(op, 7).expect("the gradient is right");
///     assert!(cases > 0 && errors.dual <= 1e-12);
/// }
/// ```
///
/// # Errors
/// The first case that fails, by which oracle, at which element.
pub fn verify_op(op: &Op, seed: u64) -> Result<(usize, Errors), Box<Failure>> {
    let cases = (op.cases)(&mut Sampler::new(seed));
    let mut worst = Errors::default();
    for (i, case) in cases.iter().enumerate() {
        let errors = case.verify(seed).map_err(|mut failure| {
            failure.case = format!("{} case {i} (seed {seed})", op.name);
            failure
        })?;
        worst = worst.max(errors);
    }
    Ok((cases.len(), worst))
}

/// An independent way to get a derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// First differences of values.
    CentralDifferences,
    /// Forward mode.
    DualNumbers,
    /// What is true of every Hessian, and second differences of values.
    SecondOrder,
}

/// A way to spoil a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Times 1.0001.
    Scale,
    /// The elements in another order.
    Transpose,
    /// Nothing arrives.
    Zero,
}

impl Sabotage {
    pub(crate) fn spoil<T: Real>(self, g: &Tensor<T>) -> Tensor<T> {
        match self {
            Self::Scale => g.map(|g| g * T::of(1.0001)),
            Self::Transpose => {
                let mut elements: Vec<T> = g.view().t().iter().copied().collect();
                elements.reverse(); // so that vectors change too
                Tensor::new(*g.shape(), elements)
            }
            Self::Zero => g.map(|_| T::ZERO),
        }
    }
}

/// Proves that the checker sees a wrong derivative: spoils the gradient of argument `argument` of `op`, in every
/// arithmetic, and reports whether any case then fails. A checker that cannot fail is no check.
pub fn catches(op: &Op, argument: usize, sabotage: Sabotage, seed: u64) -> bool {
    let fault = Some(Fault { op: op.name, argument, sabotage });
    (op.cases)(&mut Sampler::new(seed)).iter().any(|case| case.verify_with(seed, fault).is_err())
}

/// [`catches`], by one oracle alone: how much of the proof each of them carries.
///
/// ```
/// use gradbook_autograd::{check::{Oracle, Sabotage, catches_by}, ops};
/// let exp = ops::ALL.iter().find(|op| op.name == "exp").unwrap();
/// for oracle in [Oracle::CentralDifferences, Oracle::DualNumbers, Oracle::SecondOrder] {
///     assert!(catches_by(oracle, exp, 0, Sabotage::Scale, 1));
/// }
/// ```
pub fn catches_by(oracle: Oracle, op: &Op, argument: usize, sabotage: Sabotage, seed: u64) -> bool {
    let fault = Some(Fault { op: op.name, argument, sabotage });
    (op.cases)(&mut Sampler::new(seed)).iter().any(|case| case.verify_by(oracle, seed, fault).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sabotage_does_what_it_says() {
        let g = Tensor::new([2, 2], vec![1e4, 2e4, 3e4, 4e4]);
        let spoiled = |how: Sabotage| how.spoil(&g).as_slice().to_vec();
        let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-9;
        assert!(spoiled(Sabotage::Scale).into_iter().zip([10_001.0, 20_002.0, 30_003.0, 40_004.0]).all(near));
        assert_eq!(spoiled(Sabotage::Transpose), [4e4, 2e4, 3e4, 1e4]);
        assert_eq!(spoiled(Sabotage::Zero), [0.0; 4]);
    }
}

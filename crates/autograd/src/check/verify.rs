//! [`Case::verify`]: one case against all oracles.

use super::{Case, Errors, Failure, Oracle, oracle::*};
use crate::{Tensor, backward::Fault, check::Sampler, jvp};

type Verdict<T> = Result<T, Box<Failure>>;

impl Case {
    /// Holds the tape gradient of this case against every oracle, with cotangents and directions drawn from `seed`.
    ///
    /// # Errors
    /// The first disagreement.
    pub fn verify(&self, seed: u64) -> Result<Errors, Box<Failure>> {
        self.verify_with(seed, None)
    }

    /// [`verify`](Self::verify), with a mistake in the tape gradient.
    pub(super) fn verify_with(&self, seed: u64, fault: Option<Fault>) -> Verdict<Errors> {
        let exam = Exam::new(self, seed, fault);
        let [central, dual, hessian] = [Oracle::CentralDifferences, Oracle::DualNumbers, Oracle::SecondOrder]
            .map(|oracle| exam.by(oracle));
        let errors = Errors { central: central?, dual: dual?, hessian: hessian? };
        exam.fan_out_and_constants()?;
        exam.single_precision()?;
        Ok(errors)
    }

    /// [`verify_with`](Self::verify_with), by one oracle.
    pub(super) fn verify_by(&self, oracle: Oracle, seed: u64, fault: Option<Fault>) -> Verdict<f64> {
        Exam::new(self, seed, fault).by(oracle)
    }
}

/// A case with its tape gradient g = Jᵀu for a random cotangent u, and two random directions.
struct Exam<'c> {
    case: &'c Case,
    fault: Option<Fault>,
    u: [Tensor<f64>; 1],
    v: Vec<Tensor<f64>>,
    w: Vec<Tensor<f64>>,
    g: Vec<Tensor<f64>>,
}

impl<'c> Exam<'c> {
    fn new(case: &'c Case, seed: u64, fault: Option<Fault>) -> Self {
        let mut s = Sampler::new(!seed);
        let mut like = |x: &Tensor<f64>| s.normal(x.shape());
        let u = like(&value(&case.function.f64, &case.inputs));
        let [v, w] = std::array::from_fn(|_| case.inputs.iter().map(&mut like).collect());
        let g = vjp(&case.function.f64, &case.inputs, &u, None, fault);
        Self { case, fault, u: [u], v, w, g }
    }

    /// The relative error against one oracle.
    fn by(&self, oracle: Oracle) -> Verdict<f64> {
        match oracle {
            Oracle::CentralDifferences => self.differences(),
            Oracle::DualNumbers => self.forward_mode(),
            Oracle::SecondOrder => self.second_order(),
        }
    }

    /// ⟨u, f(x + hv) − f(x − hv)⟩ / 2h, with its scale.
    fn slope(&self, v: &[Tensor<f64>]) -> (f64, f64) {
        let (f, x) = (&self.case.claimed().f64, &self.case.inputs);
        difference(&self.u, |h| vec![value(f, &moved(x, v, h))])
    }

    /// Central differences, argument by argument, with h = ∛ε·max(1, |x|).
    fn differences(&self) -> Verdict<f64> {
        let mut worst = 0.0f64;
        for (k, x) in self.case.inputs.iter().enumerate() {
            let v = x.zip(&self.v[k], |x, v| v * x.abs().max(1.0));
            let along = alone(&self.case.inputs, k, v);
            let error = agree("central differences", self.slope(&along), dot(&self.g, &along), 1e-6);
            worst = worst.max(error.map_err(|failure| self.locate(k, failure))?);
        }
        Ok(worst)
    }

    /// The same failure at the element of argument `k` whose gradient is furthest from its own central difference.
    fn locate(&self, k: usize, mut failure: Box<Failure>) -> Box<Failure> {
        let mut worst = 0.0;
        for (i, &got) in self.g[k].as_slice().iter().enumerate() {
            let mut e = Tensor::zeros(*self.g[k].shape());
            e.as_mut_slice()[i] = 1.0;
            let (expected, _) = self.slope(&alone(&self.case.inputs, k, e));
            let error = (expected - got).abs();
            if error > worst || error.is_nan() {
                worst = error;
                *failure = Failure { at: Some((k, i)), expected, got, ..*failure };
            }
        }
        failure
    }

    /// ⟨u, J v⟩ by dual numbers is ⟨g, v⟩.
    fn forward_mode(&self) -> Verdict<f64> {
        let (_, jv) = jvp(&self.case.claimed().dual, &self.case.inputs, &self.v);
        agree("dual numbers", dot(&self.u, &[jv]), dot(&self.g, &self.v), 1e-12)
    }

    /// The Hessian of ⟨u, f⟩ is symmetric; H v is the difference of the gradients at x ± hv, and ⟨w, H v⟩ that of the slopes
    /// along w by forward mode, which knows nothing of the tape.
    fn second_order(&self) -> Verdict<f64> {
        if self.case.surrogate.is_some() {
            return Ok(0.0);
        }
        let (f, x, [u]) = (&self.case.function, &self.case.inputs, &self.u);
        let [(hv, of_v), (hw, of_w)] = [&self.v, &self.w].map(|v| curvature(&f.dual, x, u, v, self.fault));
        // Terms that cancel leave their rounding: where the Hessian is 0, nothing else.
        let scaled = |(sum, scale): (f64, f64), terms: f64, along| {
            (sum, scale + 1e-4 * terms * dot(along, along).1.sqrt())
        };
        let [left, right] =
            [scaled(dot(&self.w, &hv), of_v, &self.w), scaled(dot(&self.v, &hw), of_w, &self.v)];
        let symmetry = agree("symmetry of the Hessian", left, right, 1e-9)?;
        let slope = difference(&self.w, |h| vjp(&f.f64, &moved(x, &self.v, h), u, None, self.fault));
        agree("differences of gradients", slope, dot(&self.w, &hv), 1e-6)?;
        let slope = difference(&self.u, |h| vec![jvp(&f.dual, &moved(x, &self.v, h), &self.w).1]);
        agree("differences of forward mode", slope, dot(&self.w, &hv), 1e-6)?;
        Ok(symmetry)
    }

    /// f(x) + f(x) has the gradient of f with twice the cotangent; and a constant argument changes no other gradient.
    fn fan_out_and_constants(&self) -> Verdict<()> {
        let (f, x, [u]) = (&self.case.function.f64, &self.case.inputs, &self.u);
        let ones: Vec<_> = self.g.iter().map(|g| g.map(|_| 1.0)).collect();
        let doubled: Vec<_> = self.g.iter().map(|g| g.map(|g| 2.0 * g)).collect();
        let twice = vjp(f, x, &u.map(|u| 2.0 * u), None, self.fault);
        exactly("doubling the cotangent", &doubled, &twice)?;
        let both = vjp(|x| f(x) + f(x), x, u, None, self.fault);
        agree("fan-out", dot(&ones, &twice), dot(&ones, &both), 1e-12)?;
        for k in 0..x.len() {
            let mut others = vjp(f, x, u, Some(k), self.fault);
            others[k] = self.g[k].clone();
            exactly("making another argument constant", &self.g, &others)?;
        }
        Ok(())
    }

    /// The gradient in f32 is near the one in f64.
    fn single_precision(&self) -> Verdict<()> {
        let narrow =
            |x: &Tensor<f64>| Tensor::new(*x.shape(), x.as_slice().iter().map(|&x| x as f32).collect());
        let x: Vec<_> = self.case.inputs.iter().map(narrow).collect();
        let g32 = vjp(&self.case.function.f32, &x, &narrow(&self.u[0]), None, None);
        for (k, (wide, narrow)) in self.g.iter().zip(&g32).enumerate() {
            let size = wide.as_slice().iter().fold(1.0, |m: f64, g| m.max(g.abs()));
            let far = |(e, g): (&f64, &f32)| (e - f64::from(*g)).abs() > 1e-3 * size || g.is_nan();
            if let Some(i) = wide.as_slice().iter().zip(narrow.as_slice()).position(far) {
                let (expected, got) = (wide.as_slice()[i], f64::from(narrow.as_slice()[i]));
                return fail("single precision", Some((k, i)), [expected, got]);
            }
        }
        Ok(())
    }
}

/// Two sums agree relative to the sizes of their terms, here given with them. Returns the relative error.
fn agree(oracle: &'static str, expected: (f64, f64), got: (f64, f64), tolerance: f64) -> Verdict<f64> {
    let error = (expected.0 - got.0).abs() / (expected.1.max(got.1) + 1e-12);
    if error <= tolerance { Ok(error) } else { fail(oracle, None, [expected.0, got.0]) }
}

/// Two lists of gradients are the same bits.
fn exactly(oracle: &'static str, expected: &[Tensor<f64>], got: &[Tensor<f64>]) -> Verdict<()> {
    for (k, (e, g)) in expected.iter().zip(got).enumerate() {
        let mut pairs = e.as_slice().iter().zip(g.as_slice());
        if let Some(i) = pairs.position(|(e, g)| e != g) {
            return fail(oracle, Some((k, i)), [e.as_slice()[i], g.as_slice()[i]]);
        }
    }
    Ok(())
}

/// A failure of a case that [`verify_op`](super::verify_op) will name.
fn fail<T>(oracle: &'static str, at: Option<(usize, usize)>, [expected, got]: [f64; 2]) -> Verdict<T> {
    Err(Box::new(Failure { case: String::new(), oracle, at, expected, got }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sums_agree_relative_to_the_larger_of_their_sizes() {
        let error = agree("x", (1.0, 2.0), (1.1, 3.0), 0.034).expect("a thirtieth");
        assert!((error - 0.1 / 3.0).abs() < 1e-12, "{error}");
        let failure = agree("x", (1.0, 2.0), (1.1, 3.0), 0.033).expect_err("too far");
        assert_eq!((failure.oracle, failure.at, failure.expected, failure.got), ("x", None, 1.0, 1.1));
        assert!((agree("x", (0.0, 0.0), (1e-13, 0.0), 0.2).expect("next to nothing") - 0.1).abs() < 1e-9);
        assert!(agree("x", (0.0, 1.0), (f64::NAN, 1.0), 1.0).is_err());
    }

    #[test]
    fn two_lists_are_the_same_bits_or_differ_somewhere() {
        let lists = |x: f64| [Tensor::new([2], vec![1.0, 2.0]), Tensor::new([2], vec![3.0, x])];
        assert!(exactly("x", &lists(4.0), &lists(4.0)).is_ok());
        let failure = exactly("x", &lists(4.0), &lists(4.5)).expect_err("the last differs");
        assert_eq!((failure.at, failure.expected, failure.got), (Some((1, 1)), 4.0, 4.5));
    }
}

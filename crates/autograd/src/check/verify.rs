//! [`Case::verify`]: one case against all oracles.

use std::fmt;

use super::{Case, Function, Sampler, oracle::*};
use crate::{Tensor, backward::Fault, hvp, jvp};

/// A gradient that an oracle contradicts.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The case.
    pub case: String,
    /// The oracle.
    pub oracle: &'static str,
    /// The argument and the element of it whose gradient is wrong, where the oracle can tell.
    pub at: Option<(usize, usize)>,
    /// What the oracle says.
    pub expected: f64,
    /// What the tape says.
    pub got: f64,
}

impl Failure {
    /// A failure of a case that [`verify_op`](super::verify_op) will name.
    fn new(oracle: &'static str, at: Option<(usize, usize)>, [expected, got]: [f64; 2]) -> Box<Self> {
        Box::new(Self { case: String::new(), oracle, at, expected, got })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} contradict the tape", self.case, self.oracle)?;
        if let Some((argument, element)) = self.at {
            write!(f, " at argument {argument}, element {element}")?;
        }
        write!(f, ": expected {:e}, got {:e}", self.expected, self.got)
    }
}

impl std::error::Error for Failure {}

/// The largest relative disagreement with each oracle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    /// With central differences.
    pub central: f64,
    /// With forward mode.
    pub dual: f64,
    /// Of ⟨a, H b⟩ with ⟨b, H a⟩.
    pub hessian: f64,
}

impl Errors {
    /// The larger of each.
    pub fn max(self, o: Self) -> Self {
        Self {
            central: self.central.max(o.central),
            dual: self.dual.max(o.dual),
            hessian: self.hessian.max(o.hessian),
        }
    }
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
    fn spoil(self) -> fn(Tensor<f64>) -> Tensor<f64> {
        match self {
            Self::Scale => |g| g.map(|g| g * 1.0001),
            Self::Transpose => |g| {
                let mut elements: Vec<f64> = g.view().t().iter().copied().collect();
                elements.reverse(); // so that vectors change too
                Tensor::new(*g.shape(), elements)
            },
            Self::Zero => |g| g.map(|_| 0.0),
        }
    }
}

impl Case {
    /// Holds the tape gradient of this case against every oracle, with cotangents and directions drawn from `seed`.
    ///
    /// # Errors
    /// The first disagreement.
    pub fn verify(&self, seed: u64) -> Result<Errors, Box<Failure>> {
        self.verify_spoilt(seed, None)
    }

    pub(super) fn verify_spoilt(
        &self,
        seed: u64,
        sabotage: Option<(&'static str, usize, Sabotage)>,
    ) -> Result<Errors, Box<Failure>> {
        let mut s = Sampler::new(!seed);
        let (f, x) = (&self.function.f64, &self.inputs);
        let fault = sabotage.map(|(op, argument, how)| Fault { op, argument, spoil: how.spoil() });
        let mut like = |x: &Tensor<f64>| s.normal(x.shape());
        let u = like(&value(f, x));
        let [v, w]: [Vec<_>; 2] = std::array::from_fn(|_| x.iter().map(&mut like).collect());
        let g = vjp(f, x, &u, None, fault);

        let central = self.against_differences(&u, &v, &g)?;
        let (_, jv) = jvp(&self.claimed().dual, x, &v);
        let dual = agree("dual numbers", dot(std::slice::from_ref(&u), &[jv]), dot(&g, &v), 1e-12)?;
        let hessian = match self.surrogate {
            Some(_) => 0.0,
            None => self.second_order(&u, &v, &w)?,
        };
        self.invariants(&u, &g, fault)?;
        self.single_precision(&u, &g)?;
        Ok(Errors { central, dual, hessian })
    }

    /// ⟨u, f(x + hv) − f(x − hv)⟩ / 2h = ⟨g, v⟩, argument by argument, with h = ∛ε·max(1, |x|).
    fn against_differences(
        &self,
        u: &Tensor<f64>,
        v: &[Tensor<f64>],
        g: &[Tensor<f64>],
    ) -> Result<f64, Box<Failure>> {
        let f = &self.claimed().f64;
        let mut worst = 0.0f64;
        for k in 0..self.inputs.len() {
            let v = self.inputs[k].zip(&v[k], |x, v| v * x.abs().max(1.0));
            let got = dot(&g[k..=k], std::slice::from_ref(&v));
            let expected = difference(f, &self.inputs, k, &v, u);
            worst = worst.max(
                agree("central differences", expected, got, 1e-6)
                    .map_err(|failure| self.locate(f, u, k, &g[k]).unwrap_or(failure))?,
            );
        }
        Ok(worst)
    }

    /// The element of argument `k` whose gradient is furthest from its own central difference.
    fn locate(&self, f: &Function<f64>, u: &Tensor<f64>, k: usize, g: &Tensor<f64>) -> Option<Box<Failure>> {
        let element = |i: usize| {
            let mut e = Tensor::zeros(*g.shape());
            e.as_mut_slice()[i] = 1.0;
            let (expected, _) = difference(f, &self.inputs, k, &e, u);
            (i, expected, g.as_slice()[i])
        };
        let worst = (0..g.as_slice().len())
            .map(element)
            .max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()));
        worst.map(|(i, expected, got)| Failure::new("central differences", Some((k, i)), [expected, got]))
    }

    /// The Hessian of ⟨u, f⟩ is symmetric, and H v is the difference of the gradients at x ± hv.
    fn second_order(
        &self,
        u: &Tensor<f64>,
        v: &[Tensor<f64>],
        w: &[Tensor<f64>],
    ) -> Result<f64, Box<Failure>> {
        let (_, hv) = hvp(&self.function.dual, &self.inputs, u, v);
        let (_, hw) = hvp(&self.function.dual, &self.inputs, u, w);
        let symmetry = agree("symmetry of the Hessian", dot(w, &hv), dot(v, &hw), 1e-9)?;
        let step = f64::EPSILON.cbrt();
        let gradient_at = |sign: f64| {
            let x: Vec<_> =
                self.inputs.iter().zip(v).map(|(x, v)| x.zip(v, |x, v| x + sign * step * v)).collect();
            vjp(&self.function.f64, &x, u, None, None)
        };
        let (ahead, behind) = (gradient_at(1.0), gradient_at(-1.0));
        let differences: Vec<_> =
            ahead.iter().zip(&behind).map(|(a, b)| a.zip(b, |a, b| (a - b) / (2.0 * step))).collect();
        // Rounding in the gradients themselves is amplified by 1/h: their size is part of the scale.
        let floor = 1e-3 * dot(w, &ahead).1;
        let (expected, scale) = dot(w, &differences);
        agree("differences of gradients", (expected, scale + floor), dot(w, &hv), 1e-6)?;
        Ok(symmetry)
    }

    /// Fan-out, constant arguments and scaling of the cotangent.
    fn invariants(
        &self,
        u: &Tensor<f64>,
        g: &[Tensor<f64>],
        fault: Option<Fault<f64>>,
    ) -> Result<(), Box<Failure>> {
        let f = &self.function.f64;
        let x = &self.inputs;
        let ones: Vec<_> = g.iter().map(|g| g.map(|_| 1.0)).collect();
        let twice = vjp(f, x, &u.map(|u| 2.0 * u), None, fault);
        exactly("doubling the cotangent", &g.iter().map(|g| g.map(|g| 2.0 * g)).collect::<Vec<_>>(), &twice)?;
        let fan_out = {
            let tape = crate::Tape::new();
            let x: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
            let grads = sweep(&tape, f(&x) + f(&x), u, fault);
            gradients(&grads, &x)
        };
        agree("fan-out", dot(&ones, &twice), dot(&ones, &fan_out), 1e-12)?;
        for k in 0..x.len() {
            let mut others = vjp(f, x, u, Some(k), fault);
            others[k] = g[k].clone();
            exactly("making another argument constant", g, &others)?;
        }
        Ok(())
    }

    /// The gradient in f32 is near the one in f64.
    fn single_precision(&self, u: &Tensor<f64>, g: &[Tensor<f64>]) -> Result<(), Box<Failure>> {
        let narrow =
            |x: &Tensor<f64>| Tensor::new(*x.shape(), x.as_slice().iter().map(|&x| x as f32).collect());
        let x: Vec<_> = self.inputs.iter().map(narrow).collect();
        let g32 = vjp(&self.function.f32, &x, &narrow(u), None, None);
        for (k, (wide, narrow)) in g.iter().zip(&g32).enumerate() {
            let size = wide.as_slice().iter().fold(1.0, |m: f64, g| m.max(g.abs()));
            for (i, (&expected, &got)) in wide.as_slice().iter().zip(narrow.as_slice()).enumerate() {
                let got = f64::from(got);
                if (expected - got).abs() > 1e-3 * size || got.is_nan() {
                    return Err(Failure::new("single precision", Some((k, i)), [expected, got]));
                }
            }
        }
        Ok(())
    }
}

/// ⟨u, f(x + hv) − f(x − hv)⟩ / 2h along `v` in argument `k`, with its scale.
fn difference(
    f: &Function<f64>,
    x: &[Tensor<f64>],
    k: usize,
    v: &Tensor<f64>,
    u: &Tensor<f64>,
) -> (f64, f64) {
    let step = f64::EPSILON.cbrt();
    let at = |sign: f64| {
        let mut x = x.to_vec();
        x[k] = x[k].zip(v, |x, v| x + sign * step * v);
        value(f, &x)
    };
    let (ahead, behind) = (at(1.0), at(-1.0));
    let slope = ahead.zip(&behind, |a, b| (a - b) / (2.0 * step));
    // Rounding in f is amplified by 1/h: the size of f is part of the scale.
    let floor = 1e-3 * dot(std::slice::from_ref(u), std::slice::from_ref(&ahead)).1;
    let (sum, scale) = dot(std::slice::from_ref(u), &[slope]);
    (sum, scale + floor)
}

/// Two sums agree relative to the sizes of their terms. Returns the relative error.
fn agree(
    oracle: &'static str,
    (expected, expected_scale): (f64, f64),
    (got, got_scale): (f64, f64),
    tolerance: f64,
) -> Result<f64, Box<Failure>> {
    let error = (expected - got).abs() / (expected_scale.max(got_scale) + 1e-12);
    if error <= tolerance {
        return Ok(error);
    }
    Err(Failure::new(oracle, None, [expected, got]))
}

/// Two lists of gradients are the same bits.
fn exactly(oracle: &'static str, expected: &[Tensor<f64>], got: &[Tensor<f64>]) -> Result<(), Box<Failure>> {
    for (k, (e, g)) in expected.iter().zip(got).enumerate() {
        if let Some(i) = (0..e.as_slice().len()).find(|&i| e.as_slice()[i] != g.as_slice()[i]) {
            return Err(Failure::new(oracle, Some((k, i)), [e.as_slice()[i], g.as_slice()[i]]));
        }
    }
    Ok(())
}

//! Random-projection quantization: a frozen random map and a frozen random codebook. Targets for self-supervised learning,
//! with nothing to train and nothing to collapse. BEST-RQ, Chiu et al. 2022, arXiv:2202.01855.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Init, Scope, rules};
use serde::{Deserialize, Serialize};

use super::{MOST_CODES, QuantizerConfig, illegal, require_finite};
use crate::{
    Codes, KindConfig, Latent, Quantized, Quantizer,
    codebook::{rows_of, solve::solve},
    search::nearest,
};

/// K frozen unit codes of width d behind a frozen map P `[channel, d]`.
///
/// ```text
/// index = argmin_k ‖unit(z·P) − e_k‖        q = e_k·P⁺,  P⁺ = (PᵀP)⁻¹Pᵀ        ∂L/∂z = ∂L/∂q (straight-through)
/// ```
///
/// The value of a code is the *shortest row that P maps to the code*, by the pseudo-inverse: quantizing it gives the code
/// again. Its length says nothing about z's. P is Xavier-uniform, codes are normal draws of length 1.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::{Codes, QuantizerConfig};
/// let config: QuantizerConfig = toml::from_str("kind = \"random_projection\"\ncodes = 16\nwidth = 3").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(8, &mut Scope::new(&mut store, 0)).unwrap();
/// let all = Codes::single((0..16).collect(), 16);
/// assert_eq!(q.encode(&store, &q.decode(&store, &all)), all);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomProjectionConfig {
    /// K, the number of codes.
    pub codes: usize,
    /// d, the width of a code.
    pub width: usize,
    /// Whether each row's mean is taken off first. The columns of P then sum to zero. (With unit(·) behind P, this is layer
    /// normalization of z.)
    #[serde(default)]
    pub centered: bool,
}

impl KindConfig for RandomProjectionConfig {
    const NAME: &'static str = "random_projection";
    const PAPER: &'static str = "arXiv:2202.01855";
    const SUMMARY: &'static str = "frozen random codes behind a frozen random map";

    fn check(&self) -> Result<(), ConfigError> {
        rules::count("codes", self.codes, 1..=MOST_CODES)?;
        rules::count("width", self.width, 1..=MOST_CODES)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        let (codes, width) = (self.codes as f64, self.width as f64);
        codes * (width + dim as f64) + 2.0 * width * dim as f64 + rows as f64 * dim as f64
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let most = dim.saturating_sub(usize::from(self.centered));
        if self.width > most {
            return illegal("quantizer.width", self.width, &format!("1 to {most} for {dim} channels"));
        }
        let bound = (6.0 / (dim + self.width) as f64).sqrt();
        let mut p = scope.draw("projection", [dim, self.width], Init::Uniform { bound });
        if self.centered {
            let mean = p.fold_axes(&[0], T::ZERO, |sum, x| sum + x).map(|sum| sum * T::of(1.0 / dim as f64));
            p = p.zip(&mean, |p, mean| p - mean);
        }
        let codes = scope.draw("codes", [self.codes, self.width], Init::Normal { std: 1.0 });
        let units = Tape::new().constant(codes).l2_normalize(1, 1e-12).value();
        let back = scope.buffer("back", pseudo_inverse(&p));
        let projection = scope.buffer("projection", p);
        let codes = scope.buffer("codes", units);
        Ok(Box::new(RandomProjection { projection, codes, back }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let probe = |codes, width, centered| Self { codes, width, centered };
        vec![probe(7, 3, false), probe(7, 3, true), probe(1, 4, false)]
    }
}

/// (PᵀP)⁻¹Pᵀ, `[width, channel]`: column c is x with x·PᵀP = row c of P.
fn pseudo_inverse<T: Real>(p: &Tensor<T>) -> Tensor<T> {
    let tape = Tape::new();
    let var = tape.constant(p.clone());
    let gram = var.matmul_tn(var).value();
    let column = |row: &[T]| solve(&gram, row).expect("random columns are independent");
    let columns = p.as_slice().chunks(p.shape()[1]).flat_map(column).collect();
    tape.constant(Tensor::new(*p.shape(), columns)).transpose().value()
}

/// The quantizer of a [`RandomProjectionConfig`].
pub struct RandomProjection {
    projection: ParamId,
    codes: ParamId,
    back: ParamId,
}

impl<T: Real> Quantizer<T> for RandomProjection {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.projection).shape()[0]
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![store.get(self.codes).shape()[0] as u64]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("random_projection", self.dim(g.store())).value;
        require_finite("random_projection", &z.value());
        let narrow = z.detach().matmul(g.param(self.projection)).l2_normalize(1, 1e-12).value();
        let codes = g.store().get(self.codes);
        let chosen = nearest(&narrow, codes).into_iter().map(u64::from).collect();
        let codes = Codes::single(chosen, codes.shape()[0] as u64);
        let q = self.lookup(g, &codes);
        let values = if g.training() { z.straight_through(q) } else { q };
        Quantized { values: values.reshape(shape), codes, losses: Vec::new() }
    }

    fn values_are_codes(&self) -> bool {
        true
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        rows_of(g.param(self.codes).matmul(g.param(self.back)), codes.column(0))
    }
}

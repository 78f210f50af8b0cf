//! A quantizer, a block and an event of one's own, as a crate outside of this workspace would write them.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Shape, Stat, Stats, Stream, Tensor, Var};
use gradbook_lab::{BlockConfig, Error, EventConfig, Model};
use gradbook_nn::{Activation, ConfigError, Layer, Scope, ShapeError};
use gradbook_vq::{
    Absorbed, Codes, GradientRule, KindConfig, Latent, Loss, Quantized, Quantizer, QuantizerConfig, SKIPPED,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignConfig {
    pub keep: f64,
}

pub struct Sign {
    pub size: ParamId,
    pub keep: f64,
}

impl KindConfig for SignConfig {
    const NAME: &'static str = "sign";
    const PAPER: &'static str = "arXiv:1603.05279";
    const SUMMARY: &'static str = "the sign of each channel, times its mean size";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if !(0.0..1.0).contains(&self.keep) {
            let (what, got) = ("quantizer.keep".to_owned(), self.keep.to_string());
            return Err(ConfigError { what, got, rule: "a share below 1".into() });
        }
        let size = scope.buffer("size", Tensor::filled([1, dim], T::ONE));
        Ok(Box::new(Sign { size, keep: self.keep }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        [0.9, 0.0].map(|keep| Self { keep }).into()
    }
}

fn sizes<T: Real>(rows: &Tensor<T>) -> Tensor<T> {
    rows.map(|z| z.abs()).fold_axes(&[0], T::ZERO, |sum, size| sum + size)
}

impl<T: Real> Quantizer<T> for Sign {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.size).shape()[1]
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![1 << Quantizer::dim(self, store)]
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let dim = Quantizer::dim(self, g.store());
        let sign = |code: u64, bit: usize| match code {
            SKIPPED => T::ZERO,
            _ if code >> bit & 1 == 1 => T::ONE,
            _ => -T::ONE,
        };
        let column = codes.column(0);
        let signs = column.iter().flat_map(|&code| (0..dim).map(move |bit| sign(code, bit))).collect();
        g.tape().constant(Tensor::new([column.len(), dim], signs)) * g.param(self.size)
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, dim) = (z.value.shape(), Quantizer::dim(self, g.store()));
        let z = z.rows("sign", dim).finite("sign");
        let rows = z.value.value();
        let code = |row: &[T]| row.iter().rev().fold(0, |code, &z| 2 * code + u64::from(z > T::ZERO));
        let codes = Codes::single(rows.as_slice().chunks(dim).map(code).collect(), 1 << dim);
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        let mut seen = Stats::one(self.size, "sizes", Stat::Sum(sizes(&rows)));
        seen.insert(self.size, "rows", Stat::Counts(vec![rows.shape()[0] as u64]));
        g.report(seen);
        let commitment = (z.loss - q.detach()).square().mean_all() * 0.25;
        let values = z.value.straight_through(q).reshape(shape);
        Quantized { values, codes, losses: vec![Loss::new("commitment", commitment)] }
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, _: &Stream) -> Absorbed {
        if let (Some(sum), Some(rows)) = (stats.sum(self.size, "sizes"), stats.counts(self.size, "rows")) {
            let (keep, take) = (T::of(self.keep), T::of((1.0 - self.keep) / rows[0] as f64));
            store.get_mut(self.size).zip_assign(sum, |size, sum| keep * size + take * sum);
        }
        Absorbed::default()
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, _: &Stream) {
        let share = T::of(1.0 / latents.shape()[0] as f64);
        *store.get_mut(self.size) = sizes(latents).map(|sum| sum * share);
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity
    }
}

/// `scale`·tanh(x).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SquashConfig {
    scale: f64,
}

struct Squash(f64);

impl BlockConfig for SquashConfig {
    const NAME: &'static str = "squash";

    fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        Ok(Box::new(Squash(self.scale)))
    }
}

impl Layer<f32> for Squash {
    fn compute<'t>(&self, _: &Graph<'t, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
        x.tanh() * self.0
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Layer::<f32>::output_shape(&Activation::Tanh, input)
    }

    fn describe(&self) -> String {
        format!("Squash({})", self.0)
    }
}

/// The sizes of a [`Sign`] are doubled before a step, and a row is added to them that nobody reads: the shape changes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubleConfig {
    step: u64,
}

impl EventConfig for DoubleConfig {
    const NAME: &'static str = "double";

    fn due(&self, step: u64) -> bool {
        step == self.step
    }

    fn happen(&self, model: &Model, store: &mut ParamStore<f32>, _: &mut Rng) -> Result<Absorbed, Error> {
        if model.quantizer.is_none() {
            return Err(Error::Request("the recipe cannot work: there is nothing to double".into()));
        }
        let id = store.iter().find(|(_, entry)| entry.name == "quantizer.size").map(|(id, _)| id);
        let id = id.ok_or_else(|| Error::Request("the recipe cannot work: no size to double".into()))?;
        *store.get_mut(id) = store.get(id).map(|size| 2.0 * size);
        Ok(Absorbed { overwritten: vec![(id, vec![0])], respawned: 1 })
    }
}

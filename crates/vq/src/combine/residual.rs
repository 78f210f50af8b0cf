//! Residual quantization: each level quantizes what the levels before it left over.
//! SoundStream, Zeghidour et al. 2021, arXiv:2107.03312.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tensor, Var};
use gradbook_nn::{ConfigError, Scope, rules};
use serde::{Deserialize, Serialize};

use super::{Depth, MOST_PARTS, Parts, Sharing, beam, depth::at_rows, dequantized, named, seeds};
use crate::{
    Absorbed, Book, Codes, GradientRule, KindConfig, KindError, Latent, Options, Quantized, Quantizer,
    Registry, SKIPPED,
    kinds::{QuantizerConfig, check_inner, illegal, pairwise, require_finite},
};

/// Levels of the same kind of quantizer.
///
/// ```text
/// r₁ = z,  q_l = quantize(r_l),  r_{l+1} = r_l − q_l,  q = Σ_l q_l        ∂L/∂z = ∂L/∂q₁, once, for any number of levels
/// ```
///
/// Levels without a codebook are fixed grids ([`Quantizer::refined`]): each is finer than the one before by as much as that
/// leaves over, and the first one bounds z. Where training adds noise to values, the sum has that of the last level.
///
/// [`lookup`](Quantizer::lookup) takes the columns of the first few levels too, and gives the sum of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig<Q = QuantizerConfig> {
    /// L, the number of levels.
    pub levels: usize,
    /// The quantizer of each level.
    pub quantizer: Q,
    /// How many levels a training step uses.
    #[serde(default)]
    pub depth: Depth,
    /// Whether all levels share their codes.
    #[serde(default)]
    pub sharing: Sharing,
    /// How many partial sums evaluation keeps per row while it looks for the codes with the smallest error. 1 takes the
    /// nearest code of each level. More than 1 needs a quantizer with a codebook. Training always takes the nearest.
    #[serde(default = "greedy")]
    pub beam: usize,
}

fn greedy() -> usize {
    1
}

impl KindConfig for ResidualConfig {
    const NAME: &'static str = "residual";
    const PAPER: &'static str = "arXiv:2107.03312";
    const SUMMARY: &'static str = "levels that each quantize what is left over";

    fn check(&self) -> Result<(), ConfigError> {
        rules::count("levels", self.levels, 1..=MOST_PARTS)?;
        rules::count("beam", self.beam, 1..=MOST_PARTS)?;
        check_inner(&self.quantizer)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        self.levels as f64 * self.quantizer.size(dim, rows) + (self.beam * rows) as f64 * dim as f64
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let parts = Parts::build(&self.quantizer, self.sharing, ("level", self.levels), dim, scope)?;
        let row = Tensor::zeros([1, dim]);
        if self.beam > 1 && parts.distinct().any(|level| level.candidates(scope.store(), &row, 1).is_none()) {
            return illegal(
                "quantizer.beam",
                self.beam,
                "1 for a quantizer without a codebook, or one that does not say its `candidates`",
            );
        }
        Ok(Box::new(Residual { beam: self.beam, ..Residual::of(parts, self.depth) }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |row: Vec<usize>| {
            let of_beam = |beam| Self {
                levels: 3,
                quantizer: inner[row[0]].clone(),
                depth: [Depth::All, Depth::PerRow, Depth::PerBatch][row[1]],
                sharing: [Sharing::Own, Sharing::Shared][row[2]],
                beam,
            };
            let wide = of_beam(1 + row[3]);
            if QuantizerConfig::from(wide.clone()).is_legal() { wide } else { of_beam(1) }
        };
        pairwise(&[inner.len(), 3, 2, 3]).into_iter().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        self.quantizer.probe_dim()
    }

    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let ResidualConfig::<Options> { levels, quantizer, depth, sharing, beam } = options.read()?;
        Ok(Self { levels, quantizer: registry.inner(quantizer)?, depth, sharing, beam })
    }
}

/// The quantizer of a [`ResidualConfig`].
pub struct Residual<T: Real> {
    parts: Parts<T>,
    depth: Depth,
    beam: usize,
    /// Whether its levels are fixed grids, each finer than the one before.
    grid: bool,
}

impl<T: Real> Residual<T> {
    /// A stack of these quantizers, which all take the same number of channels.
    pub fn new(levels: Vec<Box<dyn Quantizer<T>>>, depth: Depth) -> Self {
        Self::of(Parts::own(levels), depth)
    }

    fn of(parts: Parts<T>, depth: Depth) -> Self {
        let (parts, grid) = parts.refined(|level| level).map_or((parts, false), |finer| (finer, true));
        Self { parts, depth, beam: 1, grid }
    }

    fn first(&self) -> &dyn Quantizer<T> {
        self.parts.iter().next().expect("at least one level")
    }
}

impl<T: Real> Quantizer<T> for Residual<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.parts.dim(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.parts.radices(store)
    }

    fn slots(&self) -> usize {
        self.parts.slots()
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("residual", self.dim(g.store()));
        if !g.training() && self.beam > 1 {
            let rows = z.value.value();
            require_finite("residual", &rows);
            let codes = beam::search(&self.parts, g.store(), &rows, self.beam);
            return Quantized { values: self.lookup(g, &codes).reshape(shape), codes, losses: Vec::new() };
        }
        let rows = z.value.shape()[0];
        let depths = self.depth.of_rows(g, rows, self.parts.iter().count());
        let (mut codes, mut losses) = (Vec::new(), Vec::new());
        let mut rest = z;
        let mut total: Option<Var<'t, T>> = None;
        let mut noise: Option<Var<'t, T>> = None;
        for (i, level) in self.parts.iter().enumerate() {
            let active: Vec<usize> = (0..rows).filter(|&row| depths[row] > i).collect();
            if active.is_empty() {
                let radices = level.radices(g.store());
                codes.push(Codes::new(vec![vec![SKIPPED; rows]; radices.len()], radices));
                continue;
            }
            let all = active.len() == rows;
            let spread = |x: Var<'t, T>| if all { x } else { x.scatter_add(&active, rows) };
            let gather = |x: Var<'t, T>| if all { x } else { x.gather_rows(&active) };
            let found = level.quantize(g, rest.map(gather));
            // The decoder's gradient reaches the encoder through the first level only, hence once; the losses of every
            // level reach it through `rest.loss`.
            let left = spread(dequantized(g, level, &found));
            let whole = if self.grid && i == 0 { self.first().bounded(rest.loss) } else { rest.loss };
            let loss = whole - left;
            rest = Latent { value: loss.detach(), loss };
            let values = spread(found.values);
            // The sum has the noise of a row's last level alone (what its values in training have beside its codes).
            let before = total.map(|sum| noise.map_or(sum, |noise| sum - spread(gather(noise))));
            total = Some(before.map_or(values, |sum| sum + values));
            noise = (g.training() && !level.values_are_codes()).then(|| values.detach() - left);
            codes.push(at_rows(&found.codes, &active, rows));
            losses.extend(named(i, found.losses));
        }
        let codes = Codes::join(codes);
        let values = if g.training() { total.expect("at least one level") } else { self.lookup(g, &codes) };
        Quantized { values: values.reshape(shape), codes, losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let slots = codes.slots();
        assert!(self.decodable().contains(&slots), "residual: {slots} columns are no number of levels");
        let columns = self.parts.split(g.store(), codes);
        let values = self.parts.iter().zip(&columns).map(|(level, codes)| level.lookup(g, codes));
        values.reduce(|sum, q| sum + q).expect("at least one level")
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.parts.absorb(store, stats, stream)
    }

    /// Level by level, each on the true remainders of those before it; shared codes once, on the latents.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let mut rest = latents.clone();
        for level in self.parts.distinct() {
            level.seed(store, &seeds(&rest, latents), stream);
            let q = level.decode(store, &level.encode(store, &rest));
            rest.zip_assign(&q, |z, q| z - q);
        }
    }

    /// The first few levels, as many as there are columns for.
    fn decodable(&self) -> Vec<usize> {
        let sums = self.parts.iter().scan(0, |sum, level| {
            *sum += level.slots();
            Some(*sum)
        });
        sums.collect()
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        let finer = finer * self.parts.iter().count();
        let parts = self.parts.refined(|_| finer)?;
        Some(Box::new(Self { parts, ..*self }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.first().bounded(z)
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.parts.raise(store, dim, rng)
    }

    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        self.parts.widen(store, dim)
    }

    fn greedy(&self) -> bool {
        self.beam == 1 && self.parts.distinct().all(|level| level.greedy())
    }

    /// The decoder's gradient passes the first level alone.
    fn gradient_rule(&self) -> GradientRule {
        GradientRule::of_parts([self.first().gradient_rule()])
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.parts.codebooks("level")
    }
}

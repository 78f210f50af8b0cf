//! The kind `codebook`: which configs are legal, and configs that show every option.

use gradbook_autograd::Real;
use gradbook_nn::{ConfigError, Scope};

use super::{
    Aim, Codebook, CodebookConfig, Diversity, Estimator, Form, Init, Learning, Metric, Respawn, Spread,
    Threshold, VectorQuantizer, Weight,
};
use crate::{
    KindConfig, Quantizer, QuantizerConfig,
    kinds::{illegal, pairwise},
};

impl KindConfig for CodebookConfig {
    const NAME: &'static str = "codebook";
    const PAPER: &'static str = "arXiv:1711.00937";
    const SUMMARY: &'static str = "the nearest of K learned vectors";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if self.codes == 0 || dim == 0 {
            let got = format!("{} codes of {dim} channels", self.codes);
            return illegal("quantizer.codes", got, "at least one code of at least one channel");
        }
        if matches!(self.init, Init::Normal(deviation) if !(0.0..f64::INFINITY).contains(&deviation)) {
            return illegal("quantizer.init", self.init, "a deviation of 0 or more");
        }
        let positive = |x: &f64| *x > 0.0 && x.is_finite();
        let learns = match &self.learning {
            Learning::Ema { decay, accumulate, sample, .. } => {
                (0.0..1.0).contains(decay) && *accumulate > 0 && sample.iter().all(positive)
            }
            Learning::Loss { sample, .. } => sample.iter().all(positive),
            Learning::Diveq { variance } => *variance == 0.0 || positive(variance),
            Learning::Gumbel { temperature } | Learning::Ibq { temperature } => positive(temperature),
            Learning::Noise => true,
        };
        if !learns {
            let rule = "0 ≤ decay < 1, accumulate ≥ 1, temperatures above 0, a variance of 0 or more";
            return illegal("quantizer.learning", &self.learning, rule);
        }
        if self.diversity.as_ref().is_some_and(|diversity| !positive(&diversity.temperature)) {
            return illegal("quantizer.diversity", &self.diversity, "a temperature above 0");
        }
        if !(0.0..1.0).contains(&self.floor) {
            return illegal("quantizer.floor", self.floor, "0 ≤ floor < 1: a share of the mean");
        }
        if self.respawn.as_ref().is_some_and(|respawn| respawn.every == 0) {
            return illegal("quantizer.respawn.every", 0, "at least one step");
        }
        Ok(Box::new(VectorQuantizer { book: Codebook::new(self, dim, scope) }))
    }

    /// Every way of learning with every choice of every other option, and these two by two.
    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let ways = ways_of_learning();
        let weights = Weight::constant;
        let diversity = |measure| Some(Diversity { weight: weights(0.1), temperature: 1.0, measure });
        let respawn = |aim, below| Some(Respawn { every: 1, below, aim, grace: 2, until: None });
        let of = |row: Vec<usize>| Self {
            codes: 7,
            learning: ways[row[0]].clone(),
            metric: [Metric::L2, Metric::Cosine][row[1]],
            respawn: [
                None,
                respawn(Aim::Uniform, Threshold::Hits(1.0)),
                respawn(Aim::Distortion, Threshold::OfMean(0.3)),
            ][row[2]]
                .clone(),
            diversity: [None, diversity(Spread::Kl), diversity(Spread::Entropy)][row[3]].clone(),
            init: [Init::Normal(1.0), Init::Uniform][row[4]],
            floor: [0.0, 0.2][row[5]],
            commitment: [weights(0.25), weights(0.0)][row[6]].clone(),
        };
        pairwise(&[ways.len(), 2, 3, 3, 2, 2, 2]).into_iter().map(of).collect()
    }
}

fn ways_of_learning() -> Vec<Learning> {
    let ema = |decay, accumulate, estimator, sample| Learning::Ema { decay, accumulate, estimator, sample };
    let loss = |form, estimator, sample, orthogonality| Learning::Loss {
        weight: 1.0,
        form,
        estimator,
        sample,
        orthogonality,
    };
    use Estimator::{Rotation, StraightThrough};
    vec![
        ema(0.99, 1, StraightThrough, None),
        ema(0.9, 2, Rotation, None),
        ema(0.9, 1, StraightThrough, Some(0.5)),
        loss(Form::Plain, StraightThrough, None, 0.0),
        loss(Form::Plain, Rotation, Some(0.3), 0.1),
        loss(Form::Linear, StraightThrough, None, 0.0),
        loss(Form::Linear, Rotation, Some(0.3), 0.1),
        loss(Form::Affine, StraightThrough, None, 0.1),
        loss(Form::Affine, Rotation, None, 0.0),
        Learning::Diveq { variance: 5e-3 },
        Learning::Noise,
        Learning::Gumbel { temperature: 0.7 },
        Learning::Ibq { temperature: 0.7 },
    ]
}

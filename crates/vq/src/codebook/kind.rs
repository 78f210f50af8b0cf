//! The kind `codebook`: which configs are legal, and configs that show every option.

use gradbook_autograd::Real;
use gradbook_nn::{ConfigError, Scope, rules};

use super::{
    Aim, Codebook, CodebookConfig, Diversity, Estimator, Form, Init, Learning, Metric, Respawn, Spread,
    Threshold, VectorQuantizer, Weight,
};
use crate::{
    KindConfig, Quantizer, QuantizerConfig,
    kinds::{MOST_CODES, illegal, pairwise},
};

/// The largest deviation of codes at the start: their squares are still finite as `f32`.
const LARGEST: f64 = 1e15;

impl KindConfig for CodebookConfig {
    const NAME: &'static str = "codebook";
    const PAPER: &'static str = "arXiv:1711.00937";
    const SUMMARY: &'static str = "the nearest of K learned vectors";

    fn check(&self) -> Result<(), ConfigError> {
        rules::count("codes", self.codes, 1..=MOST_CODES)?;
        if let Init::Normal(deviation) = self.init {
            ConfigError::unless(
                (0.0..=LARGEST).contains(&deviation),
                "init.normal",
                deviation,
                "a deviation from 0 to 10¹⁵",
            )?;
        }
        self.learning.check().map_err(|error| error.at("learning"))?;
        self.commitment.check("commitment")?;
        if let Some(diversity) = &self.diversity {
            diversity.weight.check("diversity.weight")?;
            rules::positive("diversity.temperature", diversity.temperature)?;
        }
        rules::share("min_share", self.min_share)?;
        self.respawn.as_ref().map_or(Ok(()), |respawn| respawn.check().map_err(|error| error.at("respawn")))
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        let sampled = match &self.learning {
            Learning::Ema { sample, .. } | Learning::Loss { sample, .. } => sample.is_some(),
            Learning::Gumbel { .. } | Learning::Ibq { .. } => true,
            Learning::Diveq { .. } | Learning::Noise => false,
        };
        // A soft choice is a number for each row and code.
        let soft = if sampled || self.diversity.is_some() { rows as f64 } else { 0.0 };
        self.codes as f64 * (dim as f64 + soft) + rows as f64 * dim as f64
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if dim == 0 {
            return illegal("quantizer.dim", dim, "at least one channel");
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
            min_share: [0.0, 0.2][row[5]],
            commitment: [weights(0.25), weights(0.0)][row[6]].clone(),
        };
        pairwise(&[ways.len(), 2, 3, 3, 2, 2, 2]).into_iter().map(of).collect()
    }
}

impl Learning {
    fn check(&self) -> Result<(), ConfigError> {
        let temperature = |what: &str, x: &Option<f64>| x.map_or(Ok(()), |x| rules::positive(what, x));
        match self {
            Self::Ema { decay, accumulate, estimator: _, sample } => {
                rules::share("decay", *decay)?;
                rules::steps("accumulate", *accumulate)?;
                temperature("sample", sample)
            }
            Self::Loss { weight, form: _, estimator: _, sample, orthogonality } => {
                rules::not_negative("weight", *weight)?;
                rules::not_negative("orthogonality", *orthogonality)?;
                temperature("sample", sample)
            }
            Self::Diveq { variance } => rules::not_negative("variance", *variance),
            Self::Gumbel { temperature } | Self::Ibq { temperature } => {
                rules::positive("temperature", *temperature)
            }
            Self::Noise => Ok(()),
        }
    }
}

impl Respawn {
    fn check(&self) -> Result<(), ConfigError> {
        rules::steps("every", self.every)?;
        match self.below {
            Threshold::Hits(hits) => rules::not_negative("below.hits", hits)?,
            Threshold::OfMean(share) => rules::not_negative("below.of_mean", share)?,
        }
        rules::step("grace", self.grace)?;
        self.until.map_or(Ok(()), |step| rules::step("until", step))
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

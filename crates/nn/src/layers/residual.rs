//! A dilated residual block, the brick of convolutional encoders and decoders.

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};
use serde::{Deserialize, Serialize};

use super::{Activation, Conv1d, Conv1dConfig, Layer, Padding, conv1d::one};
use crate::{ConfigError, Scope, ShapeError, layer_case};

pub static RESIDUAL_BLOCK: GradCase = GradCase {
    name: "ResidualBlock",
    formula: "y = x + conv₂(f(conv₁(f(x))))",
    cases: |s| {
        let ([n, c, hidden], l) = (s.dims(), s.int(3, 6));
        let config = ResidualConfig::new(c, hidden).dilation(s.int(1, 3)).activation(Activation::Silu);
        vec![layer_case!(s, s.normal(&[n, l, c]), |scope| ResidualBlock::new(scope, config).expect("sound"))]
    },
};

/// The configuration of a [`ResidualBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig {
    /// Channels in and out.
    pub channels: usize,
    /// Channels in between.
    pub hidden: usize,
    /// Taps of the first convolution; the second has one.
    #[serde(default = "three")]
    pub taps: usize,
    /// The distance between its taps.
    #[serde(default = "one")]
    pub dilation: usize,
    /// `Same` or `Causal`.
    #[serde(default)]
    pub padding: Padding,
    /// f
    #[serde(default = "gelu")]
    pub activation: Activation,
    /// Whether both convolutions learn length and direction apart.
    #[serde(default)]
    pub weight_norm: bool,
    /// Whether its convolutions may go through Winograd's transforms ([`Conv1dConfig::winograd`]).
    #[serde(default)]
    pub winograd: bool,
}

fn three() -> usize {
    3
}

fn gelu() -> Activation {
    Activation::Gelu
}

impl ResidualConfig {
    /// Three taps, dilation 1, padding `Same`, GELU.
    pub fn new(channels: usize, hidden: usize) -> Self {
        let (padding, activation, weight_norm, winograd) = (Padding::Same, Activation::Gelu, false, false);
        Self { channels, hidden, taps: 3, dilation: 1, padding, activation, weight_norm, winograd }
    }

    /// With this distance between taps.
    pub fn dilation(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    /// With this function between convolutions.
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// With this padding.
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// With Winograd's transforms where they apply.
    pub fn winograd(self) -> Self {
        Self { winograd: true, ..self }
    }
}

/// y = x + conv₂(f(conv₁(f(x)))), conv₁ dilated, conv₂ with one tap.
///
/// ```text
/// x, y [batch, length, channels]
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ResidualBlock {
    config: ResidualConfig,
    conv1: Conv1d,
    conv2: Conv1d,
}

impl ResidualBlock {
    /// A residual block.
    ///
    /// # Errors
    /// If a convolution cannot work, or if the padding does not keep the length.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, config: ResidualConfig) -> Result<Self, ConfigError> {
        let ResidualConfig { channels, hidden, taps, dilation, padding, weight_norm, winograd, .. } = config;
        let keeps = matches!(padding, Padding::Same | Padding::Causal);
        ConfigError::unless(keeps, "residual.padding", padding, "Same or Causal, which keep the length")?;
        let first = Conv1dConfig { weight_norm, winograd, ..Conv1dConfig::new(channels, hidden, taps) };
        let second = Conv1dConfig { weight_norm, ..Conv1dConfig::new(hidden, channels, 1) };
        Ok(Self {
            config,
            conv1: Conv1d::new(&mut scope.at("conv1"), first.dilation(dilation).padding(padding))?,
            conv2: Conv1d::new(&mut scope.at("conv2"), second)?,
        })
    }
}

impl<T: Real> Layer<T> for ResidualBlock {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let f = |x| self.config.activation.forward(graph, x);
        x + self.conv2.forward(graph, f(self.conv1.forward(graph, f(x))))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Layer::<T>::output_shape(&self.conv1, input).map(|_| *input)
    }

    fn describe(&self) -> String {
        let ResidualConfig { channels, hidden, dilation, .. } = self.config;
        format!("ResidualBlock({channels} → {hidden} → {channels}, dilation {dilation})")
    }

    fn children(&self) -> Vec<(String, &dyn Layer<T>)> {
        vec![("conv1".into(), &self.conv1), ("conv2".into(), &self.conv2)]
    }
}

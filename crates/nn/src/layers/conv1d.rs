//! Convolution along the length, with padding by name.

use gradbook_autograd::{Conv1dSpec, Graph, ParamId, Real, Shape, Var, check::GradCase};
use serde::{Deserialize, Serialize};

use super::{
    Layer, Padding, Parameter,
    weight::{Weight, multiply_adds},
};
use crate::{ConfigError, Init, Scope, ShapeError, layer_case};

pub static CONV1D: GradCase = GradCase {
    name: "Conv1d",
    formula: "y[m] = b + Σₖ x[m·stride + k·dilation − pad]·w[k]",
    cases: |s| {
        let [n, i, o] = s.dims();
        let groups = s.int(1, 3);
        let plain = Conv1dConfig::new(i, o, s.int(1, 3));
        let wide = Conv1dConfig::new(groups * i, groups * o, 3).groups(groups).dilation(2);
        [
            plain,
            plain.stride(2).padding(Padding::Causal),
            wide.padding(Padding::Explicit { left: 1, right: 3 }).without_bias(),
            wide.weight_norm(),
        ]
        .map(|config| {
            let length = s.int(3, 6);
            let x = s.normal(&[n, length, config.input]);
            layer_case!(s, x, |scope| Conv1d::new(scope, config).expect("a sound configuration"))
        })
        .into()
    },
};

/// The configuration of a [`Conv1d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv1dConfig {
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// The length of the kernel.
    pub taps: usize,
    /// How far the kernel moves from one output to the next.
    #[serde(default = "one")]
    pub stride: usize,
    /// The distance between taps.
    #[serde(default = "one")]
    pub dilation: usize,
    /// Groups of channels that do not see each other.
    #[serde(default = "one")]
    pub groups: usize,
    /// The treatment of the ends.
    #[serde(default)]
    pub padding: Padding,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Whether the weight is learned as length and direction, one length per output channel.
    #[serde(default)]
    pub weight_norm: bool,
    /// Whether three taps may go through Winograd's transforms, faster and less local:
    /// see [`Conv1dSpec::winograd`]. Causal convolutions never do.
    #[serde(default)]
    pub winograd: bool,
}

pub(super) fn one() -> usize {
    1
}

pub(super) fn yes() -> bool {
    true
}

impl Conv1dConfig {
    /// Stride, dilation and groups 1, padding [`Same`](Padding::Same), with bias.
    pub fn new(input: usize, output: usize, taps: usize) -> Self {
        let (stride, dilation, groups, padding) = (1, 1, 1, Padding::Same);
        let (bias, weight_norm, winograd) = (true, false, false);
        Self { input, output, taps, stride, dilation, groups, padding, bias, weight_norm, winograd }
    }

    /// With this stride.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// With this distance between taps.
    pub fn dilation(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    /// With this many groups.
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// With this padding.
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Without bias.
    pub fn without_bias(self) -> Self {
        Self { bias: false, ..self }
    }

    /// With weight normalization.
    pub fn weight_norm(self) -> Self {
        Self { weight_norm: true, ..self }
    }

    /// With Winograd's transforms where they apply ([`Conv1dSpec::winograd`]).
    pub fn winograd(self) -> Self {
        Self { winograd: true, ..self }
    }

    /// The convolution's geometry.
    ///
    /// # Errors
    /// If stride, dilation, groups, taps or channels are 0, or if the channels do not divide into the groups.
    pub fn spec(&self) -> Result<Conv1dSpec, ConfigError> {
        let Self { input, output, taps, stride, dilation, groups, winograd, .. } = *self;
        for (what, n) in [("input", input), ("output", output), ("taps", taps), ("stride", stride)]
            .into_iter()
            .chain([("dilation", dilation), ("groups", groups)])
        {
            ConfigError::unless(n > 0, &format!("conv1d.{what}"), n, "at least 1")?;
        }
        let divides = input % groups == 0 && output % groups == 0;
        let rule = format!("a divisor of the {input} input and {output} output channels");
        ConfigError::unless(divides, "conv1d.groups", groups, &rule)?;
        let (pad_left, pad_right) = self.padding.share(dilation * (taps - 1));
        Ok(Conv1dSpec { stride, pad_left, pad_right, dilation, groups, winograd })
    }
}

/// Convolution along the length axis (a cross-correlation, as the field has it).
///
/// ```text
/// x [batch, length, in]   weight [tap, in/groups, out]   bias [out]   y [batch, places, out]
/// y[b, m, o] = bias[o] + Σₖ Σ꜀ x[b, m·stride + k·dilation − left, c] · weight[k, c, o]
/// ```
///
/// Weight and bias start uniform on ±1/√(in/groups · taps), as in PyTorch.
///
/// ```
/// use gradbook_autograd::{ParamStore, Shape};
/// use gradbook_nn::{Conv1d, Conv1dConfig, Layer, Scope};
/// let mut store = ParamStore::<f32>::new();
/// let halving = Conv1dConfig::new(80, 256, 4).stride(2);
/// let layer = Conv1d::new(&mut Scope::new(&mut store, 0), halving)?;
/// assert_eq!(Layer::<f32>::output_shape(&layer, &Shape::new(&[16, 33, 80])).unwrap(), Shape::new(&[16, 17, 256]));
/// assert!(Conv1d::new(&mut Scope::new(&mut store, 0), halving.groups(3)).is_err());
/// # Ok::<(), gradbook_nn::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Conv1d {
    config: Conv1dConfig,
    spec: Conv1dSpec,
    weight: Weight,
    bias: Option<ParamId>,
}

impl Conv1d {
    /// A convolution.
    ///
    /// # Errors
    /// If the configuration cannot work.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, config: Conv1dConfig) -> Result<Self, ConfigError> {
        let spec = config.spec()?;
        let width = config.input / config.groups;
        let init = Init::torch(width * config.taps);
        let normalized = config.weight_norm.then_some(2);
        let weight = Weight::new(scope, [config.taps, width, config.output], init, normalized);
        let bias = config.bias.then(|| scope.parameter("bias", [config.output], init));
        Ok(Self { config, spec, weight, bias })
    }
}

impl<T: Real> Layer<T> for Conv1d {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.conv1d(self.weight.var(graph), self.bias.map(|bias| graph.param(bias)), self.spec)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        let name = || Layer::<T>::describe(self);
        let &[batch, length, channels] = &input[..] else {
            return Err(ShapeError::new(name(), input, "[batch, length, channel]"));
        };
        let rule = || format!("{} channels", self.config.input);
        ShapeError::unless(channels == self.config.input, name, input, rule)?;
        let places = self.spec.output_len(length, self.config.taps);
        let places = places.map_err(|error| ShapeError::new(name(), input, &error.to_string()))?;
        Ok([batch, places, self.config.output].into())
    }

    fn describe(&self) -> String {
        let Conv1dConfig { input, output, taps, stride, dilation, groups, .. } = self.config;
        let mut text = format!("Conv1d({input} → {output}, taps {taps}");
        for (name, value) in [("stride", stride), ("dilation", dilation), ("groups", groups)] {
            if value > 1 {
                text += &format!(", {name} {value}");
            }
        }
        text + ")"
    }

    fn parameters(&self) -> Vec<Parameter> {
        let bias = self.bias.map(|id| Parameter::same(id, "bias"));
        self.weight.parameters(&[2, 1, 0]).into_iter().chain(bias).collect()
    }

    fn multiply_adds(&self, input: &Shape) -> u64 {
        let places = Layer::<T>::output_shape(self, input).map_or(0, |shape| shape[0] * shape[1]);
        let Conv1dConfig { input, output, taps, groups, .. } = self.config;
        multiply_adds(places, [taps, input / groups, output])
    }
}

//! Transposed convolution along the length: the layer that makes sequences longer.

use gradbook_autograd::{Conv1dSpec, Graph, ParamId, Real, Shape, Var, check::GradCase};
use serde::{Deserialize, Serialize};

use super::{
    Layer, Padding, Parameter,
    conv1d::{one, yes},
    weight::{Weight, multiply_adds},
};
use crate::{ConfigError, Init, Scope, ShapeError, layer_case};

pub static CONV_TRANSPOSE1D: GradCase = GradCase {
    name: "ConvTranspose1d",
    formula: "y[m·stride + k·dilation − pad] += x[m]·w[k]",
    cases: |s| {
        let [n, i, o] = s.dims();
        let plain = ConvTranspose1dConfig::new(i, o, 4).stride(2);
        let wide = ConvTranspose1dConfig::new(2 * i, 2 * o, 3).stride(2);
        let explicit = Padding::Explicit { left: 1, right: 0 };
        [
            plain,
            ConvTranspose1dConfig { padding: Padding::Causal, bias: false, ..plain },
            ConvTranspose1dConfig { padding: explicit, groups: 2, output_padding: 1, ..wide },
            ConvTranspose1dConfig { padding: Padding::Valid, weight_norm: true, ..wide },
        ]
        .map(|config| {
            let length = s.int(2, 5);
            let x = s.normal(&[n, length, config.input]);
            layer_case!(s, x, |scope| ConvTranspose1d::new(scope, config).expect("a sound configuration"))
        })
        .into()
    },
};

/// The configuration of a [`ConvTranspose1d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvTranspose1dConfig {
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// The length of the kernel.
    pub taps: usize,
    /// How far the kernel moves in the output from one input to the next.
    #[serde(default = "one")]
    pub stride: usize,
    /// The distance between taps.
    #[serde(default = "one")]
    pub dilation: usize,
    /// Groups of channels that do not see each other.
    #[serde(default = "one")]
    pub groups: usize,
    /// What is cut from the ends.
    #[serde(default)]
    pub padding: Padding,
    /// Places more at the right end, below the stride.
    #[serde(default)]
    pub output_padding: usize,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Whether the weight is learned as length and direction, one length per *input* channel, as in PyTorch.
    #[serde(default)]
    pub weight_norm: bool,
}

impl ConvTranspose1dConfig {
    /// Stride, dilation and groups 1, padding [`Same`](Padding::Same), with bias.
    pub fn new(input: usize, output: usize, taps: usize) -> Self {
        Self {
            input,
            output,
            taps,
            stride: 1,
            dilation: 1,
            groups: 1,
            padding: Padding::Same,
            output_padding: 0,
            bias: true,
            weight_norm: false,
        }
    }

    /// With this stride.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// With this padding.
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// The geometry of the convolution that this one transposes.
    ///
    /// # Errors
    /// If a number is 0 that may not be, the channels do not divide into the groups, the output padding reaches the
    /// stride, or (padding `Same` and `Causal`) the kernel leaves gaps.
    pub fn spec(&self) -> Result<Conv1dSpec, ConfigError> {
        let Self { input, output, taps, stride, dilation, groups, output_padding, .. } = *self;
        for (what, n) in [("input", input), ("output", output), ("taps", taps), ("stride", stride)]
            .into_iter()
            .chain([("dilation", dilation), ("groups", groups)])
        {
            ConfigError::unless(n > 0, &format!("conv_transpose1d.{what}"), n, "at least 1")?;
        }
        let divides = input.is_multiple_of(groups) && output.is_multiple_of(groups);
        let rule = format!("a divisor of the {input} input and {output} output channels");
        ConfigError::unless(divides, "conv_transpose1d.groups", groups, &rule)?;
        let rule = format!("below the stride {stride}");
        ConfigError::unless(
            output_padding < stride,
            "conv_transpose1d.output_padding",
            output_padding,
            &rule,
        )?;
        let total = match self.padding {
            // What the output is longer than length·stride.
            Padding::Same | Padding::Causal => {
                let span = dilation * (taps - 1) + 1 + output_padding;
                let rule = format!("taps and dilation that span at least the stride {stride}");
                ConfigError::unless(span >= stride, "conv_transpose1d.taps", taps, &rule)?;
                span - stride
            }
            _ => 0,
        };
        let (pad_left, pad_right) = match self.padding {
            Padding::Causal => (0, total),
            other => other.share(total),
        };
        Ok(Conv1dSpec { stride, pad_left, pad_right, dilation, groups, winograd: false })
    }
}

/// Transposed convolution along the length axis: the adjoint of [`Conv1d`](crate::Conv1d), with a bias.
///
/// ```text
/// x [batch, length, in]   weight [tap, in, out/groups]   bias [out]   y [batch, places, out]
/// y[b, p, o] = bias[o] + Σ x[b, m, c] · weight[k, c, o]   over all m, k with m·stride + k·dilation − left = p
/// ```
///
/// Weight and bias start uniform on ±1/√(out/groups · taps), as in PyTorch.
///
/// ```
/// use gradbook_autograd::{ParamStore, Shape};
/// use gradbook_nn::{ConvTranspose1d, ConvTranspose1dConfig, Layer, Scope};
/// let mut store = ParamStore::<f32>::new();
/// let doubling = ConvTranspose1dConfig::new(256, 80, 4).stride(2);
/// let layer = ConvTranspose1d::new(&mut Scope::new(&mut store, 0), doubling)?;
/// assert_eq!(Layer::<f32>::output_shape(&layer, &Shape::new(&[16, 8, 256])).unwrap(), Shape::new(&[16, 16, 80]));
/// # Ok::<(), gradbook_nn::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConvTranspose1d {
    config: ConvTranspose1dConfig,
    spec: Conv1dSpec,
    weight: Weight,
    bias: Option<ParamId>,
}

impl ConvTranspose1d {
    /// A transposed convolution.
    ///
    /// # Errors
    /// If the configuration cannot work.
    #[track_caller]
    pub fn new<T: Real>(
        scope: &mut Scope<'_, T>,
        config: ConvTranspose1dConfig,
    ) -> Result<Self, ConfigError> {
        let spec = config.spec()?;
        let width = config.output / config.groups;
        let init = Init::torch(width * config.taps);
        let normalized = config.weight_norm.then_some(1);
        let weight = Weight::new(scope, [config.taps, config.input, width], init, normalized);
        let bias = config.bias.then(|| scope.parameter("bias", [config.output], init));
        Ok(Self { config, spec, weight, bias })
    }
}

impl<T: Real> Layer<T> for ConvTranspose1d {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let bias = self.bias.map(|bias| graph.param(bias));
        x.conv_transpose1d(self.weight.var(graph), bias, self.spec, self.config.output_padding)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        let name = || Layer::<T>::describe(self);
        let &[batch, length, channels] = &input[..] else {
            return Err(ShapeError::new(name(), input, "[batch, length, channel]"));
        };
        let rule = || format!("{} channels", self.config.input);
        ShapeError::unless(channels == self.config.input, name, input, rule)?;
        let places = self.spec.transposed_len(length, self.config.taps, self.config.output_padding);
        let places = places.map_err(|error| ShapeError::new(name(), input, &error.to_string()))?;
        Ok([batch, places, self.config.output].into())
    }

    fn describe(&self) -> String {
        let ConvTranspose1dConfig { input, output, taps, stride, .. } = self.config;
        format!("ConvTranspose1d({input} → {output}, taps {taps}, stride {stride})")
    }

    fn parameters(&self) -> Vec<Parameter> {
        let bias = self.bias.map(|id| Parameter::same(id, "bias"));
        self.weight.parameters(&[2, 0, 1]).into_iter().chain(bias).collect()
    }

    fn multiply_adds(&self, input: &Shape) -> u64 {
        let ConvTranspose1dConfig { input: channels, output, taps, groups, .. } = self.config;
        multiply_adds(input.size() / channels, [taps, channels, output / groups])
    }
}

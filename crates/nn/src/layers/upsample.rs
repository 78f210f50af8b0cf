//! Longer outputs: repetition, then a convolution that smooths it. Unlike a transposed convolution it leaves no
//! checkerboard (Odena et al. 2016).

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};

use super::{Conv1d, Conv1dConfig, Layer};
use crate::{ConfigError, Scope, ShapeError, layer_case};

pub static UPSAMPLE_CONV1D: GradCase = GradCase {
    name: "UpsampleConv1d",
    formula: "y = conv(x[⌊m / factor⌋])",
    cases: |s| {
        let ([n, l, i, o], factor) = (s.dims(), s.int(1, 3));
        let conv = Conv1dConfig::new(i, o, 3);
        vec![layer_case!(s, s.normal(&[n, l, i]), |scope| {
            UpsampleConv1d::new(scope, factor, conv).expect("a sound configuration")
        })]
    },
};

/// Repeats every place of the length: `y[m] = x[⌊m / factor⌋]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample {
    factor: usize,
}

impl Upsample {
    /// Repetition `factor` times.
    ///
    /// # Errors
    /// If the factor is 0.
    pub fn new(factor: usize) -> Result<Self, ConfigError> {
        ConfigError::unless(factor > 0, "upsample.factor", factor, "at least 1")?;
        Ok(Self { factor })
    }
}

impl<T: Real> Layer<T> for Upsample {
    fn compute<'t>(&self, _graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.upsample_nearest1d(self.factor)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        match input[..] {
            [batch, length, channels] => Ok([batch, self.factor * length, channels].into()),
            _ => Err(ShapeError::new(Layer::<T>::describe(self), input, "[batch, length, channel]")),
        }
    }

    fn describe(&self) -> String {
        format!("Upsample({} times)", self.factor)
    }
}

/// Repetition, then a convolution.
///
/// ```text
/// x [batch, length, in]   y [batch, factor · length, out]   (with padding Same)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UpsampleConv1d {
    upsample: Upsample,
    conv: Conv1d,
}

impl UpsampleConv1d {
    /// Repetition `factor` times, then `conv`.
    ///
    /// # Errors
    /// If the factor is 0 or the convolution cannot work.
    #[track_caller]
    pub fn new<T: Real>(
        scope: &mut Scope<'_, T>,
        factor: usize,
        conv: Conv1dConfig,
    ) -> Result<Self, ConfigError> {
        Ok(Self { upsample: Upsample::new(factor)?, conv: Conv1d::new(&mut scope.at("conv"), conv)? })
    }
}

impl<T: Real> Layer<T> for UpsampleConv1d {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.conv.forward(graph, self.upsample.forward(graph, x))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        let long = Layer::<T>::output_shape(&self.upsample, input)?;
        Layer::<T>::output_shape(&self.conv, &long)
    }

    fn describe(&self) -> String {
        format!("UpsampleConv1d({} times)", self.upsample.factor)
    }

    fn children(&self) -> Vec<(String, &dyn Layer<T>)> {
        vec![("upsample".into(), &self.upsample), ("conv".into(), &self.conv)]
    }
}

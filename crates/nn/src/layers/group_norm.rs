//! Group normalization: every example by itself, over its length and groups of channels.

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};

use super::{
    Layer, Parameter,
    normalize::{Affine, normalized},
};
use crate::{ConfigError, Scope, ShapeError, layer_case, rules};

pub static GROUP_NORM: GradCase = GradCase {
    name: "GroupNorm",
    formula: "y = γ·(x − mean)/√(var + ε) + β over length and a group of channels",
    cases: |s| {
        let ([n, groups], l, c) = (s.dims(), s.int(2, 4), s.int(1, 3));
        let x = s.normal(&[n, l, groups * c]);
        vec![layer_case!(s, x, |scope| GroupNorm::new(scope, groups, groups * c, 1e-3).expect("c groups"))]
    },
};

/// Group normalization (Wu & He 2018).
///
/// ```text
/// y = γ·(x − mean)/√(var + ε) + β        x [batch, length, channel]   γ, β [channel]
/// mean and population variance over the length and the channels of a group
/// ```
///
/// PyTorch's ε is 10⁻⁵.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm {
    groups: usize,
    channels: usize,
    eps: f64,
    affine: Affine,
}

impl GroupNorm {
    /// Group normalization over this many channels.
    ///
    /// # Errors
    /// If there are no channels, if they do not divide into the groups, or unless 0 ≤ ε < ∞.
    #[track_caller]
    pub fn new<T: Real>(
        scope: &mut Scope<'_, T>,
        groups: usize,
        channels: usize,
        eps: f64,
    ) -> Result<Self, ConfigError> {
        ConfigError::unless(channels > 0, "group_norm.channels", channels, "at least 1")?;
        let rule = format!("a divisor of the {channels} channels");
        let divides = groups > 0 && channels.is_multiple_of(groups);
        ConfigError::unless(divides, "group_norm.groups", groups, &rule)?;
        rules::not_negative("group_norm.eps", eps)?;
        Ok(Self { groups, channels, eps, affine: Affine::new(scope, channels) })
    }
}

impl<T: Real> Layer<T> for GroupNorm {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        let split = x.reshape([shape[0], shape[1], self.groups, self.channels / self.groups]);
        self.affine.apply(graph, normalized(split, &[1, 3], self.eps).reshape(shape))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        let name = || Layer::<T>::describe(self);
        ShapeError::unless(input.len() == 3, name, input, || "[batch, length, channel]".into())?;
        ShapeError::channels(name, input, self.channels)
    }

    fn describe(&self) -> String {
        format!("GroupNorm({} in {} groups)", self.channels, self.groups)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.affine.parameters()
    }
}

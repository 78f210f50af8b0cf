//! Every op of `ops::ALL` as a function of three tensors; `tests/benches.rs` fails if one is missing.

use gradbook::autograd::{Conv1dSpec, Pad, Var};

/// What ops are applied to.
#[derive(Clone, Copy)]
pub struct Arguments<'t> {
    /// Positive numbers `[row, channel]`.
    pub x: Var<'t, f32>,
    /// Others.
    pub y: Var<'t, f32>,
    /// `[tap, channel, channel]`
    pub kernel: Var<'t, f32>,
}

impl<'t> Arguments<'t> {
    /// x as crops of at most 32 frames.
    fn crops(self) -> Var<'t, f32> {
        let [rows, channels] = [self.x.shape()[0], self.x.shape()[1]];
        let frames = rows.min(32);
        self.x.reshape([rows / frames, frames, channels])
    }

    /// Every row, the last first.
    fn reversed(self) -> Vec<usize> {
        (0..self.x.shape()[0]).rev().collect()
    }
}

type Apply = for<'t> fn(Arguments<'t>) -> Var<'t, f32>;

const SAME: Conv1dSpec =
    Conv1dSpec { stride: 1, pad_left: 1, pad_right: 1, dilation: 1, groups: 1, winograd: true };

/// The ops by name, in the order of `ops::ALL`.
pub const OPS: &[(&str, Apply)] = &[
    ("abs", |a| a.x.abs()),
    ("add", |a| a.x + a.y),
    ("avg_pool1d", |a| a.crops().avg_pool1d(2, 2)),
    ("broadcast_to", |a| {
        a.x.reshape([1, a.x.shape()[0], a.x.shape()[1]]).broadcast_to([2, a.x.shape()[0], a.x.shape()[1]])
    }),
    ("clamp", |a| a.x.clamp(0.5, 1.5)),
    ("concat", |a| Var::concat(&[a.x, a.y], 0)),
    ("conv1d", |a| a.crops().conv1d(a.kernel, None, SAME)),
    ("conv_transpose1d", |a| a.crops().conv_transpose1d(a.kernel, None, SAME, 0)),
    ("cos", |a| a.x.cos()),
    ("detach", |a| a.x.detach()),
    ("div", |a| a.x / a.y),
    ("elu", |a| a.x.elu(1.0)),
    ("exp", |a| a.x.exp()),
    ("gather_rows", |a| a.x.gather_rows(&a.reversed())),
    ("gelu", |a| a.x.gelu()),
    ("gelu_tanh", |a| a.x.gelu_tanh()),
    ("l2_normalize", |a| a.x.l2_normalize(1, 1e-12)),
    ("leaky_relu", |a| a.x.leaky_relu(0.1)),
    ("ln", |a| a.x.ln()),
    ("log_softmax", |a| a.x.log_softmax(1)),
    ("logsumexp", |a| a.x.logsumexp(&[1])),
    ("matmul", |a| a.x.matmul_nt(a.y)),
    ("max", |a| a.x.max(&[1])),
    ("maximum", |a| a.x.maximum(a.y)),
    ("mean", |a| a.x.mean(&[0])),
    ("min", |a| a.x.min(&[1])),
    ("minimum", |a| a.x.minimum(a.y)),
    ("mul", |a| a.x * a.y),
    ("neg", |a| -a.x),
    ("pad", |a| a.x.pad(0, 1, 1, Pad::Zero)),
    ("permute", |a| a.x.permute(&[1, 0])),
    ("pow", |a| a.x.pow(a.y)),
    ("relu", |a| a.x.relu()),
    ("reshape", |a| a.x.reshape([a.x.shape().size()])),
    ("scatter_add", |a| a.x.scatter_add(&a.reversed(), a.x.shape()[0])),
    ("select", |a| a.x.select(|i| i % 2 == 0, a.y)),
    ("sigmoid", |a| a.x.sigmoid()),
    ("silu", |a| a.x.silu()),
    ("sin", |a| a.x.sin()),
    ("slice", |a| a.x.slice(0, 1..a.x.shape()[0])),
    ("snake", |a| a.x.snake(a.y)),
    ("softmax", |a| a.x.softmax(1)),
    ("softplus", |a| a.x.softplus()),
    ("sqrt", |a| a.x.sqrt()),
    ("square", |a| a.x.square()),
    ("straight_through", |a| a.x.straight_through(a.y)),
    ("sub", |a| a.x - a.y),
    ("sum", |a| a.x.sum(&[0])),
    ("tanh", |a| a.x.tanh()),
    ("upsample_nearest1d", |a| a.crops().upsample_nearest1d(2)),
];

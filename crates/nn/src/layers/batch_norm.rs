//! Batch normalization: over the batch while training, by running statistics afterwards. Forward is pure: statistics
//! are reported, and absorbed after the step.

use gradbook_autograd::{
    Graph, ParamId, ParamStore, Real, Shape, Stat, Stats, Tensor, Var,
    check::{GradCase, Sampler},
    mismatch,
};
use ndarray::Axis;

use super::{
    Layer, Parameter,
    normalize::{Affine, normalized},
};
use crate::{Scope, ShapeError, layer_case, rules};

pub static BATCH_NORM1D: GradCase = GradCase {
    name: "BatchNorm1d",
    formula: "y = γ·(x − mean)/√(var + ε) + β over batch and length",
    cases: |s| {
        // Two rows become ±1 whatever they are: all derivatives would be rounding.
        let ([l, c], n) = (s.dims(), s.int(3, 5));
        vec![
            layer_case!(s, scattered(s, &[n, l, c]), |scope| BatchNorm1d::new(scope, c)),
            layer_case!(s, s.normal(&[n, c]), |scope| BatchNorm1d::new(scope, c).with_eps(1e-2)),
        ]
    },
};

/// Normal elements with a standard deviation of at least 0.2 in every channel. At var ≈ 0, 1/√(var + ε) bends within
/// √ε: a step of central differences is no longer small against that.
fn scattered(s: &mut Sampler, shape: &[usize]) -> Tensor<f64> {
    loop {
        let x = s.normal(shape);
        if x.rows().std_axis(Axis(0), 0.0).iter().all(|deviation| *deviation >= 0.2) {
            return x;
        }
    }
}

/// Batch normalization (Ioffe & Szegedy 2015).
///
/// ```text
/// training    y = γ·(x − mean)/√(var + ε) + β        mean, population variance over all axes but the last
/// evaluation  the same with the running mean and variance
/// absorb      r ← (1 − m)·r + m·statistic            of the *sample* variance, as in PyTorch
/// ```
///
/// In a sharded step each shard is normalized by its own statistics; the running ones are those of the whole batch. So in
/// training each shard needs two rows: a single one is its own mean, and the output would be β whatever it is.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
/// use gradbook_nn::{BatchNorm1d, Layer, Scope};
/// let mut store = ParamStore::<f64>::new();
/// let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 1);
/// let tape = Tape::new();
/// let graph = Graph::train(&tape, &store);
/// let y = norm.forward(&graph, tape.constant(Tensor::new([2, 1], vec![1.0, 3.0])));
/// assert!((y.value().as_slice()[1] - 1.0).abs() < 1e-4);
/// let stats = graph.take_stats();
/// norm.absorb(&mut store, &stats);
/// assert_eq!(store.get(store.find("running_mean").unwrap()).item(), 0.2); // 0.9·0 + 0.1·2
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm1d {
    channels: usize,
    eps: f64,
    momentum: f64,
    affine: Affine,
    mean: ParamId,
    var: ParamId,
}

impl BatchNorm1d {
    /// Batch normalization over this many channels, with PyTorch's ε 10⁻⁵ and momentum 0.1.
    ///
    /// # Panics
    /// Without channels.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, channels: usize) -> Self {
        Self {
            channels,
            eps: 1e-5,
            momentum: 0.1,
            affine: Affine::new(scope, channels),
            mean: scope.buffer("running_mean", Tensor::zeros([channels])),
            var: scope.buffer("running_var", Tensor::filled([channels], T::ONE)),
        }
    }

    /// With this ε.
    ///
    /// # Panics
    /// Unless ε is finite and not negative.
    #[track_caller]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps: rules::required(rules::not_negative("batch_norm.eps", eps), eps), ..self }
    }

    /// With this share m of the new statistics in the running ones.
    ///
    /// # Panics
    /// Unless 0 ≤ m ≤ 1.
    #[track_caller]
    pub fn with_momentum(self, momentum: f64) -> Self {
        let rule = rules::fraction("batch_norm.momentum", momentum);
        Self { momentum: rules::required(rule, momentum), ..self }
    }

    /// One row `[n, mean, Σ(x − mean)²]` per shard, each `[channel]`.
    fn observe<T: Real>(&self, x: &Tensor<T>) -> Stats<T> {
        let n = x.rows().nrows();
        let x = x.reshaped([n, self.channels]);
        let total = |x: &Tensor<T>| x.fold_axes(&[0], T::ZERO, |sum, x| sum + x);
        let mean = total(&x).map(|sum| sum * T::of(1.0 / n as f64));
        let spread = total(&x.zip(&mean, |x, mean| (x - mean) * (x - mean)));
        let counts = vec![T::of(n as f64); self.channels];
        let row = [&counts, mean.as_slice(), spread.as_slice()].concat();
        Stats::one(self.mean, "moments", Stat::Rows(Tensor::new([1, 3, self.channels], row)))
    }
}

impl<T: Real> Layer<T> for BatchNorm1d {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let y = if graph.training() {
            let shape = x.shape();
            if shape.size() < 2 * self.channels {
                let what = "one row is its own mean: nothing is left to learn from";
                let rule = "in training at least two rows of channels, in each shard of a batch";
                mismatch("batch_norm", what, &[("x", &shape, "batch, …, channel")], rule);
            }
            graph.report(self.observe(&x.value()));
            let axes: Vec<usize> = (0..shape.len() - 1).collect();
            normalized(x, &axes, self.eps)
        } else {
            (x - graph.param(self.mean)) / (graph.param(self.var) + self.eps).sqrt()
        };
        self.affine.apply(graph, y)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        ShapeError::channels(|| Layer::<T>::describe(self), input, self.channels)
    }

    fn describe(&self) -> String {
        format!("BatchNorm1d({})", self.channels)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = self.affine.parameters();
        parameters.push(Parameter::same(self.mean, "running_mean"));
        parameters.push(Parameter::same(self.var, "running_var"));
        parameters
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>) {
        let Some(moments) = stats.rows(self.mean, "moments") else { return }; // the layer was not used
        let m = T::of(self.momentum);
        for channel in 0..self.channels {
            let of = |shard: &[T], k: usize| shard[k * self.channels + channel];
            let shards = moments.as_slice().chunks_exact(3 * self.channels);
            // Two samples as one: the spread grows by how far their means lie apart (Chan et al. 1979).
            let (n, mean, spread) = shards.fold((T::ZERO, T::ZERO, T::ZERO), |(n, mean, spread), shard| {
                let (more, apart) = (of(shard, 0), of(shard, 1) - mean);
                let share = more / (n + more);
                (n + more, mean + apart * share, spread + of(shard, 2) + apart * apart * n * share)
            });
            let var = spread / (n - T::ONE); // every shard has two rows at least
            for (id, statistic) in [(self.mean, mean), (self.var, var)] {
                let running = &mut store.get_mut(id).as_mut_slice()[channel];
                *running += m * (statistic - *running);
            }
        }
    }
}

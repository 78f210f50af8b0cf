//! Batch normalization: over the batch while training, by running statistics afterwards. Forward is pure: statistics
//! are reported, and absorbed after the step.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Shape, Stat, Stats, Tensor, Var, ops::Op};

use super::{
    Layer, Parameter,
    normalize::{Affine, normalized},
};
use crate::{Scope, ShapeError, layer_case};

pub static BATCH_NORM1D: Op = Op {
    name: "BatchNorm1d",
    formula: "y = γ·(x − mean)/√(var + ε) + β over batch and length",
    cases: |s| {
        let ([l, c], n) = (s.dims(), s.int(2, 4));
        vec![
            layer_case!(s, s.normal(&[n, l, c]), |scope| BatchNorm1d::new(scope, c)),
            layer_case!(s, s.normal(&[n, c]), |scope| BatchNorm1d::new(scope, c).with_eps(1e-2)),
        ]
    },
};

/// Batch normalization (Ioffe & Szegedy 2015).
///
/// ```text
/// training    y = γ·(x − mean)/√(var + ε) + β        mean, population variance over all axes but the last
/// evaluation  the same with the running mean and variance
/// absorb      r ← (1 − m)·r + m·statistic            of the *sample* variance, as in PyTorch
/// ```
///
/// In a sharded step each shard is normalized by its own statistics; the running ones are those of the whole batch.
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
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// With this share m of the new statistics in the running ones.
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Σ(x − r) and Σ(x − r)² around the running mean r, which all shards share: no loss of digits for a large mean.
    fn observe<T: Real>(&self, store: &ParamStore<T>, x: &Tensor<T>) -> Stats<T> {
        let rows = x.rows().nrows();
        let off = x.reshaped([rows, self.channels]).zip(store.get(self.mean), |x, r| x - r);
        let total = |x: &Tensor<T>| x.fold_axes(&[0], T::ZERO, |sum, x| sum + x).reshaped([self.channels]);
        let mut stats = Stats::one(self.mean, "rows", Stat::Counts(vec![rows as u64]));
        stats.insert(self.mean, "sum", Stat::Sum(total(&off)));
        stats.insert(self.mean, "squares", Stat::Sum(total(&off.map(|x| x * x))));
        stats
    }
}

impl<T: Real> Layer<T> for BatchNorm1d {
    fn forward<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let y = if graph.training() {
            graph.report(self.observe(graph.store(), &x.value()));
            let axes: Vec<usize> = (0..x.shape().len() - 1).collect();
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
        let observed = |name| stats.sum(self.mean, name);
        let (Some(rows), Some(sum), Some(squares)) =
            (stats.counts(self.mean, "rows"), observed("sum"), observed("squares"))
        else {
            return; // the layer was not used
        };
        let n = rows[0] as f64;
        let (m, per_row, per_free) = (T::of(self.momentum), T::of(1.0 / n), T::of(1.0 / (n - 1.0).max(1.0)));
        let var = squares.zip(sum, |squares, sum| (squares - sum * sum * per_row) * per_free);
        store.get_mut(self.mean).zip_assign(sum, |r, sum| r + m * (sum * per_row));
        store.get_mut(self.var).zip_assign(&var, |r, var| r + m * (var - r));
    }
}

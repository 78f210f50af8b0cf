//! [`Codebook`]: where the codes and their counters live in the store, and the one place that computes the codes that
//! lookup, search and decoding all use.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Tape, Tensor, Var};
use gradbook_nn::{Init as Draw, Scope};

use super::{
    config::{CodebookConfig, Init, Metric, Respawn},
    learning::{Form, Learning},
    solve::solve,
};
use crate::{Codewords, unit::unit_rows};

/// K codes of some width, what they are made of, and what is known about their use.
pub struct Codebook {
    pub(super) config: CodebookConfig,
    /// What codes are made of, `[code, channel]`.
    pub(super) codes: ParamId,
    /// The shared parameters of a form: a matrix, or scale and shift.
    pub(super) shared: Vec<ParamId>,
    /// N and m of the moving average.
    pub(super) ema: Option<Ema>,
    /// Hits since the last look, and looks since a code was last respawned.
    pub(super) hits: ParamId,
    pub(super) age: ParamId,
}

/// The buffers of the moving average.
pub(super) struct Ema {
    pub counts: ParamId,
    pub sums: ParamId,
    /// What was collected since the last update: Σ1 and Σz per code, and the number of batches.
    pub new_counts: ParamId,
    pub new_sums: ParamId,
    pub batches: ParamId,
}

impl Codebook {
    /// Puts a codebook of rows of `width` channels into a store.
    pub fn new<T: Real>(config: &CodebookConfig, width: usize, scope: &mut Scope<'_, T>) -> Self {
        let count = config.codes;
        let draw = match config.init {
            Init::Uniform => Draw::Uniform { bound: 1.0 / count as f64 },
            Init::Normal(std) => Draw::Normal { std },
        };
        let form = config.learning.form();
        let moving = matches!(config.learning, Learning::Ema { .. });
        let start = scope.draw("codes", [count, width], draw);
        let fixed = moving || form == Form::Linear;
        let codes = if fixed {
            scope.buffer("codes", start.clone())
        } else {
            scope.trainable("codes", start.clone())
        };
        let shared = match form {
            Form::Plain => vec![],
            Form::Linear => vec![scope.trainable("matrix", identity(width))],
            Form::Affine => vec![
                scope.parameter("scale", [width], Draw::Constant(1.0)),
                scope.parameter("shift", [width], Draw::Constant(0.0)),
            ],
        };
        let ema = moving.then(|| Ema {
            // N = 1 and m = e: the mean m/N is consistent from the start.
            counts: scope.buffer("ema.counts", Tensor::filled([count], T::ONE)),
            sums: scope.buffer("ema.sums", start),
            new_counts: scope.buffer("ema.new_counts", Tensor::zeros([count])),
            new_sums: scope.buffer("ema.new_sums", Tensor::zeros([count, width])),
            batches: scope.buffer("ema.batches", Tensor::zeros([])),
        });
        let hits = scope.buffer("hits", Tensor::zeros([count]));
        let age = scope.buffer("age", Tensor::filled([count], T::of(1e6))); // no grace for codes never respawned
        Self { config: config.clone(), codes, shared, ema, hits, age }
    }

    /// How it is set up.
    pub fn config(&self) -> &CodebookConfig {
        &self.config
    }

    /// The codes `[code, channel]` as everything else sees them.
    pub fn effective<'t, T: Real>(&self, g: &Graph<'t, T>) -> Var<'t, T> {
        let made_of = g.param(self.codes);
        let codes = match self.config.learning.form() {
            Form::Plain => made_of,
            Form::Linear => made_of.matmul(g.param(self.shared[0])),
            Form::Affine => made_of * g.param(self.shared[0]) + g.param(self.shared[1]),
        };
        self.compared(codes)
    }

    /// Rows as the metric compares them.
    pub(super) fn compared<'t, T: Real>(&self, rows: Var<'t, T>) -> Var<'t, T> {
        match self.config.metric {
            Metric::L2 => rows,
            Metric::Cosine => unit_rows(rows),
        }
    }

    /// What a code must be made of for its effective value to be `row`.
    fn made_of<T: Real>(&self, store: &ParamStore<T>, row: &[T]) -> Vec<T> {
        match self.config.learning.form() {
            Form::Plain => row.to_vec(),
            Form::Linear => solve(store.get(self.shared[0]), row).unwrap_or_else(|| row.to_vec()),
            Form::Affine => {
                let [scale, shift] = [0, 1].map(|i| store.get(self.shared[i]).as_slice());
                row.iter().zip(scale).zip(shift).map(|((&x, &s), &b)| (x - b) / s).collect()
            }
        }
    }
}

/// Its codes as others see them.
impl<T: Real> Codewords<T> for Codebook {
    fn parameter(&self) -> ParamId {
        self.codes
    }

    fn per_code(&self) -> Vec<(&'static str, ParamId)> {
        let mut all = vec![("codes", self.codes), ("hits", self.hits), ("age", self.age)];
        if let Some(ema) = &self.ema {
            all.extend([("counts", ema.counts), ("sums", ema.sums)]);
            all.extend([("new_counts", ema.new_counts), ("new_sums", ema.new_sums)]);
        }
        all
    }

    fn values(&self, store: &ParamStore<T>) -> Tensor<T> {
        let tape = Tape::new();
        self.effective(&Graph::eval(&tape, store)).value()
    }

    fn width(&self, store: &ParamStore<T>) -> usize {
        store.get(self.codes).shape()[1]
    }

    fn metric<'t>(&self, rows: Var<'t, T>) -> Var<'t, T> {
        self.compared(rows)
    }

    /// Makes the effective code of each `(code, row)` equal to the row, with a fresh count, sum, window and age.
    ///
    /// Every one gets the same count N, the mean count before: a fresh code is a guess like any other, so the next update
    /// moves none of them more than an average code, and a book that is seeded as a whole keeps its ΣN.
    fn set_rows(&self, store: &mut ParamStore<T>, rows: &[(usize, &[T])]) {
        let mean = self.ema.as_ref().map_or(T::ONE, |ema| {
            let counts = store.get(ema.counts).as_slice();
            T::of(counts.iter().map(|n| n.to_f64()).sum::<f64>() / counts.len() as f64)
        });
        for &(code, row) in rows {
            let made_of = self.made_of(store, row);
            write_row(store, self.codes, code, &made_of);
            if let Some(ema) = &self.ema {
                let sum: Vec<T> = made_of.iter().map(|&e| mean * e).collect();
                write_row(store, ema.counts, code, &[mean]);
                write_row(store, ema.sums, code, &sum);
                write_row(store, ema.new_counts, code, &[T::ZERO]);
                write_row(store, ema.new_sums, code, &vec![T::ZERO; row.len()]);
            }
            write_row(store, self.hits, code, &[T::ZERO]);
            write_row(store, self.age, code, &[T::ZERO]);
        }
    }

    fn respawn(&self) -> Option<&Respawn> {
        self.config.respawn.as_ref()
    }

    fn moving_average(&self) -> Option<f64> {
        match self.config.learning {
            Learning::Ema { decay, accumulate: 1, .. } => Some(decay),
            _ => None,
        }
    }
}

pub(super) fn identity<T: Real>(n: usize) -> Tensor<T> {
    Tensor::build([n, n], |out| {
        out.fill(T::ZERO);
        (0..n).for_each(|i| out[i * n + i] = T::ONE);
    })
}

pub(super) fn write_row<T: Real>(store: &mut ParamStore<T>, id: ParamId, row: usize, values: &[T]) {
    let width = values.len();
    store.get_mut(id).as_mut_slice()[row * width..(row + 1) * width].copy_from_slice(values);
}

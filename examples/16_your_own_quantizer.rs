//! A new kind of quantizer in one file, and the proof that it keeps the contract: the sign of each channel times the
//! mean size of that channel. Chapter 13 of the book takes it step by step; `gradbook new quantizer` writes a crate with one
//! that recipes can name.

// ANCHOR: file
use gradbook::autograd::{Graph, ParamId, ParamStore, Real, Stat, Stats, Stream, Tensor, Var};
use gradbook::nn::Scope;
use gradbook::vq::combine::{Depth, Residual};
use gradbook::vq::contract::{PROPERTIES, Subject, check};
use gradbook::vq::{Absorbed, Codes, GradientRule, Latent, Loss, Quantized, Quantizer, SKIPPED, diagnostics};

/// The sign of each channel, times the mean size of that channel: 2^d codes, d ≤ 63.
struct ScaledSign {
    /// s, `[1, channel]`.
    size: ParamId,
}

impl ScaledSign {
    fn new<T: Real>(dim: usize, scope: &mut Scope<'_, T>) -> Self {
        Self { size: scope.buffer("size", Tensor::filled([1, dim], T::ONE)) }
    }
}

/// Σ |z| over rows, `[1, channel]`.
fn sizes<T: Real>(rows: &Tensor<T>) -> Tensor<T> {
    rows.map(|z| z.abs()).fold_axes(&[0], T::ZERO, |sum, size| sum + size)
}

impl<T: Real> Quantizer<T> for ScaledSign {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.size).shape()[1]
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![1 << Quantizer::dim(self, store)]
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let dim = Quantizer::dim(self, g.store());
        let sign = |code: u64, bit: usize| match code {
            SKIPPED => T::ZERO, // left out by quantizer dropout
            _ if code >> bit & 1 == 1 => T::ONE,
            _ => -T::ONE,
        };
        let column = codes.column(0);
        let signs = column.iter().flat_map(|&code| (0..dim).map(move |bit| sign(code, bit))).collect();
        g.tape().constant(Tensor::new([column.len(), dim], signs)) * g.param(self.size)
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, dim) = (z.value.shape(), Quantizer::dim(self, g.store()));
        let z = z.rows("scaled_sign", dim).finite("scaled_sign");
        let rows = z.value.value();
        let code = |row: &[T]| row.iter().rev().fold(0, |code, &z| 2 * code + u64::from(z > T::ZERO));
        let codes = Codes::single(rows.as_slice().chunks(dim).map(code).collect(), 1 << dim);
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        let mut seen = Stats::one(self.size, "sizes", Stat::Sum(sizes(&rows)));
        seen.insert(self.size, "rows", Stat::Counts(vec![rows.shape()[0] as u64]));
        g.report(seen);
        let commitment = (z.loss - q.detach()).square().mean_all() * 0.25;
        let values = z.value.straight_through(q).reshape(shape);
        Quantized { values, codes, losses: vec![Loss::new("commitment", commitment)] }
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, _: &Stream) -> Absorbed {
        if let (Some(sum), Some(rows)) = (stats.sum(self.size, "sizes"), stats.counts(self.size, "rows")) {
            let (keep, take) = (T::of(0.99), T::of(0.01 / rows[0] as f64)); // a moving average
            store.get_mut(self.size).zip_assign(sum, |size, sum| keep * size + take * sum);
        }
        Absorbed::default() // no row of an optimized parameter was overwritten
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, _: &Stream) {
        let share = T::of(1.0 / latents.shape()[0] as f64);
        *store.get_mut(self.size) = sizes(latents).map(|sum| sum * share);
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity // straight-through, and the contract holds us to it
    }
}
// ANCHOR_END: file

// ANCHOR: proof
/// What the contract builds: in f32, in f64, and in dual numbers.
struct Mine;

impl Subject for Mine {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        Box::new(ScaledSign::new(dim, scope))
    }
}

fn main() {
    let report = check(&Mine, 3, 1).unwrap_or_else(|violation| panic!("{violation}"));
    for (number, sentence) in PROPERTIES.iter().filter(|(number, _)| report.held.contains(number)) {
        println!("holds: {number:2} {sentence}");
    }
    assert!([1, 2, 3, 4, 5, 6, 10, 12, 15, 18].iter().all(|number| report.held.contains(number)));
    stack();
}

/// Three levels, each a bit per channel of what is left.
fn stack() {
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 0);
    let level = |l: usize| ScaledSign::new(8, &mut scope.at("level").at(l));
    let stack = Residual::new([0, 1, 2].map(level).map(|q| Box::new(q) as _).into(), Depth::All);
    let size = [0.5, 1.0, 2.0, 4.0]; // of two channels each
    let rows = Tensor::new([256, 8], (0..2048).map(|i| (i as f32 * 1.7).sin() * size[i % 4]).collect());
    stack.seed(&mut store, &rows, &Stream::new(0, 0, 0));
    let codes = stack.encode(&store, &rows);
    let decibels =
        [1, 2, 3].map(|n| diagnostics::signal_to_noise(&rows, &stack.decode(&store, &codes.part(0, n))));
    println!("signal to noise with one, two and three levels: {decibels:.1?} dB");
    assert!(decibels[0] > 6.0 && decibels.windows(2).all(|pair| pair[1] > pair[0] + 4.0));
}

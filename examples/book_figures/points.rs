//! Codes that learn from points of the plane, without an encoder: what the figures of the second half look at.

use gradbook::{
    autograd::{Graph, ParamId, ParamStore, Rng, Stream, Tape, Tensor},
    nn::{Optimizer, OptimizerConfig, Scope},
    vq::{Quantizer, QuantizerConfig, diagnostics::Usage},
};
use ndarray_rand::rand::Rng as _;

/// A normal draw by the sum of twelve uniform ones.
pub fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Points around `blobs` places on a circle.
pub fn ring(count: usize, blobs: usize, radius: f64, spread: f64, rng: &mut Rng) -> Tensor<f64> {
    let mut all = Vec::new();
    for _ in 0..count {
        let angle = std::f64::consts::TAU * rng.random_range(0..blobs) as f64 / blobs as f64;
        all.push(radius * angle.cos() + spread * normal(rng));
        all.push(radius * angle.sin() + spread * normal(rng));
    }
    Tensor::new([count, 2], all)
}

/// A codebook on its own, with the optimizer for its losses.
pub struct Codes {
    pub store: ParamStore<f64>,
    pub quantizer: Box<dyn Quantizer<f64>>,
    optimizer: Optimizer<f64>,
    step: u64,
}

impl Codes {
    pub fn new(config: &str, dim: usize, optimizer: OptimizerConfig) -> Self {
        let config: QuantizerConfig = serde_json::from_str(config).expect("a config");
        let mut store = ParamStore::new();
        let quantizer = config.build(dim, &mut Scope::new(&mut store, 4)).expect("a legal config");
        let optimizer = Optimizer::new(optimizer, &store).expect("a legal optimizer");
        Self { store, quantizer, optimizer, step: 0 }
    }

    fn id(&self) -> ParamId {
        self.store.find("codes").expect("a codebook")
    }

    pub fn codes(&self) -> &Tensor<f64> {
        self.store.get(self.id())
    }

    /// Puts the codes where they are wanted, with the counts that they would have after a while.
    pub fn place(&mut self, codes: &Tensor<f64>, counts: &[f64]) {
        let counts = Tensor::new([counts.len(), 1], counts.to_vec());
        let sums = codes.zip(&counts, |code, count| code * count);
        let flat = counts.reshaped([counts.shape()[0]]);
        for (name, value) in [("codes", codes.clone()), ("ema.counts", flat), ("ema.sums", sums)] {
            if let Some(id) = self.store.find(name) {
                *self.store.get_mut(id) = value;
            }
        }
    }

    /// One step of learning from rows.
    pub fn learn(&mut self, rows: &Tensor<f64>) {
        let (grads, stats) = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &self.store).with_stream(Stream::new(4, self.step, 0));
            let found = self.quantizer.quantize(&g, tape.constant(rows.clone()).into());
            let loss = found.loss().unwrap_or(found.values.sum_all());
            (loss.backward().params, g.take_stats())
        };
        self.optimizer.step(&mut self.store, &grads);
        let absorbed = self.quantizer.absorb(&mut self.store, &stats, &Stream::new(4, self.step, 1));
        absorbed.overwritten.iter().for_each(|(id, rows)| self.optimizer.reset_rows(*id, rows));
        self.step += 1;
    }

    /// How rows use the codes, and their mean squared distance to them.
    pub fn usage(&self, rows: &Tensor<f64>) -> (Usage, f64) {
        let codes = self.quantizer.encode(&self.store, rows);
        let values = self.quantizer.decode(&self.store, &codes);
        let error = values.zip(rows, |q, z| (q - z) * (q - z));
        (Usage::of(&codes, 0), error.as_slice().iter().sum::<f64>() / rows.shape()[0] as f64)
    }
}

/// Two interleaved half circles.
pub fn moons(count: usize, rng: &mut Rng) -> Tensor<f64> {
    let mut all = Vec::new();
    for i in 0..count {
        let angle = rng.random_range(0.0..std::f64::consts::PI);
        let (x, y) = (angle.cos() - 0.5, angle.sin() - 0.25);
        let side = if i % 2 == 0 { 1.4 } else { -1.4 };
        all.extend([side * x + 0.12 * normal(rng), side * y + 0.12 * normal(rng)]);
    }
    Tensor::new([count, 2], all)
}

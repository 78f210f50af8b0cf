//! What tests without goldens share: a quantizer from its config, random rows, and passes through it.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stream, Tape, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{Codes, Quantizer, QuantizerConfig, Registry};
use ndarray_rand::{
    rand::{SeedableRng, distr::Distribution},
    rand_distr::StandardNormal,
};

pub type Built<T = f64> = (ParamStore<T>, Box<dyn Quantizer<T>>);

/// Every option of every kind.
pub fn probes() -> impl Iterator<Item = QuantizerConfig> {
    let registry = Registry::default();
    let kinds: Vec<_> = registry.kinds().copied().collect();
    kinds.into_iter().flat_map(move |kind| registry.probes(&kind))
}

pub fn build<T: Real>(config: &QuantizerConfig, dim: usize) -> Built<T> {
    let mut store = ParamStore::new();
    let q = config.build(dim, &mut Scope::new(&mut store, 1)).expect("a legal config");
    (store, q)
}

pub fn of(text: &str, dim: usize) -> Built {
    build(&toml::from_str(text).expect("a config"), dim)
}

pub fn normal<T: Real>(shape: &[usize], seed: u64) -> Tensor<T>
where
    StandardNormal: Distribution<T>,
{
    let mut rng = Rng::seed_from_u64(seed);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng)))
}

/// Values and codes in evaluation.
pub fn eval((store, q): &Built, z: &Tensor<f64>) -> (Tensor<f64>, Codes) {
    let tape = Tape::new();
    let found = q.quantize(&Graph::eval(&tape, store), tape.constant(z.clone()).into());
    (found.values.value(), found.codes)
}

/// The gradient to z of ⟨u, values⟩, and of each loss by name.
pub fn gradients(
    (store, q): &Built,
    z: &Tensor<f64>,
    u: &Tensor<f64>,
) -> (Tensor<f64>, Vec<(String, Tensor<f64>)>) {
    let pass = |pick: Option<usize>| {
        let tape = Tape::new();
        let g = Graph::train(&tape, store).with_stream(Stream::new(1, 0, 0));
        let z = tape.var(z.clone());
        let found = q.quantize(&g, z.into());
        let names: Vec<String> = found.losses.iter().map(|loss| loss.name.clone()).collect();
        let grads = match pick {
            None => found.values.backward_with(u.clone()),
            Some(i) => found.losses[i].value.backward(),
        };
        (grads.get(z).cloned().unwrap_or_else(|| Tensor::zeros(z.shape())), names)
    };
    let (values, names) = pass(None);
    let losses = names.into_iter().enumerate().map(|(i, name)| (name, pass(Some(i)).0)).collect();
    (values, losses)
}

//! A codebook that collapses, and every lever against it, each pulled alone: codes start in a tiny ball far from the
//! latents of an autoencoder, and learn from their loss. What lives after a few hundred steps, on rows not seen before?

use gradbook_autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor, Var};
use gradbook_nn::{Activation, Group, Layer, Linear, Optimizer, OptimizerConfig, Scope, Sequential};
use gradbook_vq::{
    Quantizer, QuantizerConfig,
    codebook::Growth,
    diagnostics::{Usage, effective_dimension},
};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

const CODES: usize = 256;
const CHANNELS: usize = 16;
const LATENTS: usize = 16;
const BATCH: usize = 256;
const STEPS: u64 = 800;

/// A cure against collapse.
struct Lever {
    name: &'static str,
    /// The quantizer's config; `K` stands for the number of codes.
    quantizer: String,
    /// A factor on the learning rate of the codes, and one on the number of steps.
    slower: f64,
    longer: u64,
    /// Steps without the quantizer. Then it is switched on, and seeded if `seeded`.
    warm_up: u64,
    seeded: bool,
    /// Codes after each quarter of the training, or the width of codes after half of it.
    grow: Vec<usize>,
    raise: Option<usize>,
}

/// What lives in the end, on held-out rows. Shares and perplexities are means over the codebooks.
pub(crate) struct Outcome {
    pub(crate) lever: &'static str,
    /// The share of codes in use.
    pub(crate) alive: f64,
    pub(crate) perplexity: f64,
    /// The mean squared error of what the decoder makes of the codes.
    pub(crate) distortion: f64,
    /// Of the quantized latents.
    pub(crate) dimension: f64,
}

/// `{ kind = "codebook" … }` that starts in the ball, with other options.
fn book(options: &str) -> String {
    let learning = if options.contains("learning") { "" } else { ", learning = { by = \"loss\" }" };
    let codes = if options.contains("codes") { "" } else { ", codes = 256" };
    format!("{{ kind = \"codebook\", init = \"uniform\"{codes}{learning}{options} }}")
}

fn levers() -> Vec<Lever> {
    let lever = |name, quantizer: String| Lever {
        name,
        quantizer,
        slower: 1.0,
        longer: 1,
        warm_up: 0,
        seeded: false,
        grow: vec![],
        raise: None,
    };
    let plain = |name, options: &str| lever(name, book(options));
    let around = |name, kind: &str| lever(name, format!("{{ {kind}, quantizer = {} }}", book("")));
    vec![
        plain("none", ""),
        plain("EMA", ", learning = { by = \"ema\", decay = 0.99 }"),
        // 0.96 = 0.99⁴: a memory of as many batches.
        plain("EMA over 4 batches", ", learning = { by = \"ema\", decay = 0.96, accumulate = 4 }"),
        plain("respawn", ", respawn = { every = 20, below = { of_mean = 0.1 } }"),
        plain("commitment 2", ", commitment = 2.0"),
        plain("diversity", ", diversity = { weight = 0.01, temperature = 0.05 }"),
        Lever { grow: vec![64, 128, 256], ..plain("growth from 16", ", codes = 16") },
        Lever { raise: Some(8), ..around("2 dimensions, then 8", "kind = \"projected\", dim = 2") },
        Lever { seeded: true, ..plain("k-means seeding", "") },
        around("grouped", "kind = \"grouped\", groups = 2"),
        around("residual", "kind = \"residual\", levels = 2"),
        // Slower codes are for long training, so they are set beside an equally long one.
        Lever { longer: 4, ..plain("none, 4 x as long", "") },
        Lever { slower: 0.3, longer: 4, ..plain("slower, 4 x as long", "") },
        Lever { warm_up: 100, seeded: true, ..plain("autoencoder warm-up", "") },
    ]
}

/// Rows around 512 centers, all far from the origin.
fn mixture(rows: usize, rng: &mut Rng) -> Tensor<f32> {
    let normal = |rng: &mut Rng| -> f32 { StandardNormal.sample(rng) };
    let mut fixed = Rng::seed_from_u64(0);
    let centers: Vec<f32> = (0..512 * CHANNELS).map(|_| 2.0 + normal(&mut fixed)).collect();
    Tensor::build([rows, CHANNELS], |out| {
        for row in out.chunks_exact_mut(CHANNELS) {
            let center = &centers[CHANNELS * rng.random_range(0..512)..][..CHANNELS];
            row.iter_mut().zip(center).for_each(|(x, c)| *x = c + 0.3 * normal(rng));
        }
    })
}

struct Model {
    encoder: Sequential<f32>,
    quantizer: Box<dyn Quantizer<f32>>,
    decoder: Sequential<f32>,
}

impl Model {
    fn new(config: &QuantizerConfig, scope: &mut Scope<'_, f32>) -> Self {
        let mut layers = |name: &str, [from, to]: [usize; 2]| {
            let mut scope = scope.at(name);
            let first = Linear::new(&mut scope.at("first"), from, 64);
            let last = Linear::new(&mut scope.at("last"), 64, to);
            Sequential::new().then(first).then(Activation::Gelu).then(last)
        };
        let (encoder, decoder) =
            (layers("encoder", [CHANNELS, LATENTS]), layers("decoder", [LATENTS, CHANNELS]));
        Self {
            encoder,
            decoder,
            quantizer: config.build(LATENTS, &mut scope.at("quantizer")).expect("a legal config"),
        }
    }

    /// The loss of a training step.
    fn loss<'t>(&self, g: &Graph<'t, f32>, x: Var<'t, f32>, quantized: bool) -> Var<'t, f32> {
        let z = self.encoder.forward(g, x);
        if !quantized {
            return (self.decoder.forward(g, z) - x).square().mean_all();
        }
        let found = self.quantizer.quantize(g, z.into());
        let error = (self.decoder.forward(g, found.values) - x).square().mean_all();
        found.losses.iter().fold(error, |sum, loss| sum + loss.value)
    }

    fn latents(&self, store: &ParamStore<f32>, x: &Tensor<f32>) -> Tensor<f32> {
        let tape = Tape::new();
        self.encoder.forward(&Graph::eval(&tape, store), tape.constant(x.clone())).value()
    }
}

fn train(lever: &Lever) -> Outcome {
    #[derive(serde::Deserialize)]
    struct File {
        quantizer: QuantizerConfig,
    }
    let text = format!("quantizer = {}", lever.quantizer);
    let config = toml::from_str::<File>(&text).expect("a config").quantizer;
    let mut store = ParamStore::new();
    let model = Model::new(&config, &mut Scope::new(&mut store, 1));
    let mut settings = OptimizerConfig::adam(2e-3);
    if lever.slower != 1.0 {
        settings.groups = vec![Group {
            prefix: "quantizer".into(),
            rate_factor: lever.slower,
            weight_decay: None,
            method: None,
        }];
    }
    let mut optimizer = Optimizer::new(settings, &store).expect("legal settings");
    let mut rng = Rng::seed_from_u64(7);
    for step in 0..lever.longer * STEPS {
        if step == lever.warm_up && lever.seeded {
            let latents = model.latents(&store, &mixture(2048, &mut rng));
            model.quantizer.seed(&mut store, &latents, &Stream::new(1, step, 2));
        }
        let (stats, grads) = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store).with_stream(Stream::new(1, step, 0));
            let loss = model.loss(&g, tape.constant(mixture(BATCH, &mut rng)), step >= lever.warm_up);
            (g.take_stats(), loss.backward().params)
        };
        optimizer.step(&mut store, &grads);
        let absorbed = model.quantizer.absorb(&mut store, &stats, &Stream::new(1, step, 1));
        absorbed.overwritten.iter().for_each(|(id, rows)| optimizer.reset_rows(*id, rows));
        let quarter = (step + 1) / (STEPS / 4);
        if (step + 1) % (STEPS / 4) == 0 {
            if let Some(&count) = lever.grow.get(quarter as usize - 1) {
                let book = &model.quantizer.codebooks()[0];
                book.codebook.grow(&mut store, count, Growth::Jitter(0.1), &mut rng);
            }
            if let (2, Some(dim)) = (quarter, lever.raise) {
                model.quantizer.raise(&mut store, dim, &mut rng);
            }
            let all: Vec<_> = store.trainable().collect();
            all.into_iter().for_each(|id| optimizer.resize(id, &store));
        }
    }
    let x = mixture(8192, &mut Rng::seed_from_u64(8));
    let codes = model.quantizer.encode(&store, &model.latents(&store, &x));
    let values = model.quantizer.decode(&store, &codes);
    let tape = Tape::new();
    let y = model.decoder.forward(&Graph::eval(&tape, &store), tape.constant(values.clone()));
    let usages: Vec<Usage> = (0..codes.slots()).map(|slot| Usage::of(&codes, slot)).collect();
    let mean = |of: &dyn Fn(&Usage) -> f64| usages.iter().map(of).sum::<f64>() / usages.len() as f64;
    Outcome {
        lever: lever.name,
        alive: mean(&|usage| usage.alive() as f64 / CODES as f64),
        perplexity: mean(&Usage::perplexity),
        distortion: (y - tape.constant(x)).square().mean_all().item(),
        dimension: effective_dimension(&values),
    }
}

/// The start without any lever, and then each alone.
pub(crate) fn outcomes() -> Vec<Outcome> {
    levers().iter().map(train).collect()
}

fn main() {
    println!("{:22} {:>6} {:>11} {:>11} {:>10}", "lever", "alive", "perplexity", "distortion", "dimension");
    for Outcome { lever, alive, perplexity, distortion, dimension } in outcomes() {
        println!(
            "{lever:22} {:>5.1}% {perplexity:>11.1} {distortion:>11.4} {dimension:>10.2}",
            100.0 * alive
        );
    }
}

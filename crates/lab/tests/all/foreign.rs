//! Kinds that this crate does not know, by name in recipes: a quantizer alone and inside every combinator, a block, an
//! event; trained, interrupted, resumed, encoded and decoded, inspected, reported.

use std::{fs, path::Path, sync::atomic::AtomicBool};

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::{
    Graph, ParamId, ParamStore, Real, Rng, Shape, Stat, Stats, Stream, Tensor, Var, ops,
};
use gradbook_lab::{
    BlockConfig, Error, EventConfig, Existing, Model, Recipe, Registry, Run, RunFolder, Trained, Training,
    blocks, codec, gather, inspect::inspect, report,
};
use gradbook_nn::{Activation, ConfigError, Layer, Scope, ShapeError, named::KindError};
use gradbook_vq::{
    Absorbed, Codes, KindConfig, Latent, Loss, Passage, Quantized, Quantizer, QuantizerConfig, SKIPPED,
};
use serde::{Deserialize, Serialize};

use crate::common;

/// The sign of each channel, times the mean size of that channel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignConfig {
    keep: f64,
}

struct Sign {
    size: ParamId,
    keep: f64,
}

impl KindConfig for SignConfig {
    const NAME: &'static str = "sign";
    const PAPER: &'static str = "arXiv:1603.05279";
    const SUMMARY: &'static str = "the sign of each channel, times its mean size";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if !(0.0..1.0).contains(&self.keep) {
            let (what, got) = ("quantizer.keep".to_owned(), self.keep.to_string());
            return Err(ConfigError { what, got, rule: "a share below 1".into() });
        }
        let size = scope.buffer("size", Tensor::filled([1, dim], T::ONE));
        Ok(Box::new(Sign { size, keep: self.keep }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        [0.9, 0.0].map(|keep| Self { keep }).into()
    }
}

fn sizes<T: Real>(rows: &Tensor<T>) -> Tensor<T> {
    rows.map(|z| z.abs()).fold_axes(&[0], T::ZERO, |sum, size| sum + size)
}

impl<T: Real> Quantizer<T> for Sign {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.size).shape()[1]
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![1 << Quantizer::dim(self, store)]
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let dim = Quantizer::dim(self, g.store());
        let sign = |code: u64, bit: usize| match code {
            SKIPPED => T::ZERO,
            _ if code >> bit & 1 == 1 => T::ONE,
            _ => -T::ONE,
        };
        let column = codes.column(0);
        let signs = column.iter().flat_map(|&code| (0..dim).map(move |bit| sign(code, bit))).collect();
        g.tape().constant(Tensor::new([column.len(), dim], signs)) * g.param(self.size)
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, dim) = (z.value.shape(), Quantizer::dim(self, g.store()));
        let z = z.rows("sign", dim).finite("sign");
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
            let (keep, take) = (T::of(self.keep), T::of((1.0 - self.keep) / rows[0] as f64));
            store.get_mut(self.size).zip_assign(sum, |size, sum| keep * size + take * sum);
        }
        Absorbed::default()
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, _: &Stream) {
        let share = T::of(1.0 / latents.shape()[0] as f64);
        *store.get_mut(self.size) = sizes(latents).map(|sum| sum * share);
    }

    fn passage(&self) -> Passage {
        Passage::Identity
    }
}

/// `scale`·tanh(x).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SquashConfig {
    scale: f64,
}

struct Squash(f64);

impl BlockConfig for SquashConfig {
    const NAME: &'static str = "squash";

    fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        Ok(Box::new(Squash(self.scale)))
    }
}

impl Layer<f32> for Squash {
    fn compute<'t>(&self, _: &Graph<'t, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
        x.tanh() * self.0
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Layer::<f32>::output_shape(&Activation::Tanh, input)
    }

    fn describe(&self) -> String {
        format!("Squash({})", self.0)
    }
}

/// The sizes of a [`Sign`] are doubled before a step, and a row is added to them that nobody reads: the shape changes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoubleConfig {
    step: u64,
}

impl EventConfig for DoubleConfig {
    const NAME: &'static str = "double";

    fn due(&self, step: u64) -> bool {
        step == self.step
    }

    fn happen(&self, model: &Model, store: &mut ParamStore<f32>, _: &mut Rng) -> Result<Absorbed, Error> {
        if model.quantizer.is_none() {
            return Err(Error::Request("the recipe cannot work: there is nothing to double".into()));
        }
        let id = store.iter().find(|(_, entry)| entry.name == "quantizer.size").map(|(id, _)| id);
        let id = id.ok_or_else(|| Error::Request("the recipe cannot work: no size to double".into()))?;
        *store.get_mut(id) = store.get(id).map(|size| 2.0 * size);
        Ok(Absorbed { overwritten: vec![(id, vec![0])], respawned: 1 })
    }
}

fn registry() -> Registry {
    let registry = Registry::default().quantizer::<SignConfig>();
    registry
        .and_then(|r| r.block::<SquashConfig>())
        .and_then(|r| r.event::<DoubleConfig>())
        .expect("new names")
}

/// A tiny recipe with this quantizer.
fn text(quantizer: &str) -> String {
    format!(
        r#"
        name = "foreign"
        data = {{ source = {{ synthetic = {{ clips = 20, seed = 3 }} }} }}
        model.encoder = [{{ layer = "conv", channels = 12 }}, {{ layer = "squash", scale = 2.0 }}]
        model.decoder = [{{ layer = "conv", channels = 12 }}, {{ layer = "relu" }}]
        quantizer = {quantizer}

        [train]
        steps = 8
        batch = 2
        crop = 24
        evaluate_every = 4
        seeding = {{ latents = 100 }}
        "#
    )
}

const ALONE: &str = "{ kind = \"sign\", keep = 0.9 }";

/// It alone and inside every combinator, one of them inside another.
const EVERYWHERE: [&str; 8] = [
    ALONE,
    "{ kind = \"residual\", levels = 2, quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"grouped\", groups = 2, quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"heads\", heads = 3, quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"projected\", dim = 5, quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"multi_scale\", scales = [1, 3], quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"hierarchical\", strides = [2], quantizer = { kind = \"sign\", keep = 0.9 } }",
    "{ kind = \"projected\", dim = 6, quantizer = { kind = \"residual\", levels = 2, quantizer = { kind = \"grouped\", \
     groups = 2, quantizer = { kind = \"sign\", keep = 0.9 } } } }",
];

fn train(recipe: Recipe, corpus: &gradbook_audio::Corpus, folder: &Path) -> Vec<u8> {
    let folder = RunFolder::new(folder);
    let mut run = Run::open(recipe, corpus, folder.clone(), Existing::Resume).expect("a run");
    run.drive(&AtomicBool::new(false), &mut |_| {}).expect("it trains");
    let page = report::html("foreign", &[gather(&mut run).expect("figures")]);
    assert!(page.contains("foreign"));
    fs::read(folder.checkpoint()).expect("a checkpoint")
}

#[test]
fn a_foreign_quantizer_trains_resumes_encodes_and_decodes_alone_and_inside_every_combinator() {
    let (corpus, registry) = (common::corpus(), registry());
    let folder = tempfile::tempdir().expect("a folder");
    let sound = folder.path().join("a.wav");
    let samples = corpus.test[0].samples().expect("made by rule");
    wav::write(&sound, &Audio { samples, sample_rate: 8_000 }, Encoding::Float).expect("a file");
    for (i, quantizer) in EVERYWHERE.into_iter().enumerate() {
        let recipe = registry.parse(&text(quantizer)).expect(quantizer);
        assert_eq!(registry.parse(&recipe.to_toml()).expect("as it was written"), recipe);
        let at = folder.path().join(i.to_string());
        let whole = train(recipe.clone(), &corpus, &at);

        // Interrupted at its fifth step, it ends in the same bits.
        let cut = folder.path().join(format!("{i}-cut"));
        let mut run =
            Run::open(recipe.clone(), &corpus, RunFolder::new(&cut), Existing::Refuse).expect("a run");
        (0..5).for_each(|_| _ = run.training.advance().expect("a step"));
        run.drive(&AtomicBool::new(true), &mut |_| {}).expect("it saves");
        drop(run); // its folder is free again
        assert_eq!(train(recipe, &corpus, &cut), whole, "{quantizer}");

        let model = Trained::load_with(&RunFolder::new(&at), &registry).expect(quantizer);
        assert!(inspect(&model, &corpus).expect("figures").slots[0].alive > 1, "{quantizer}");
        let tokens = codec::encode(&model, std::slice::from_ref(&sound)).expect(quantizer).tokens;
        codec::decode(&model, &tokens, &sound, &folder.path().join("out")).expect(quantizer);
    }
}

#[test]
fn a_program_that_lacks_a_kind_says_so_of_recipes_and_of_checkpoints() {
    let (corpus, registry) = (common::corpus(), registry());
    let folder = tempfile::tempdir().expect("a folder");
    train(registry.parse(&text(ALONE)).expect("a recipe"), &corpus, folder.path());
    let folder = RunFolder::new(folder.path());
    let half = Registry::default().quantizer::<SignConfig>().expect("a new name");
    let lacks_block = Trained::load_with(&folder, &half).err().expect("it knows no squash").to_string();
    let known =
        "this program knows no block `squash`, only `conv`, `upsample`, `residual`, `relu`, `gelu`, `silu`";
    assert!(lacks_block.contains("recipe.toml") && lacks_block.contains(known), "{lacks_block}");
    assert!(lacks_block.contains("program of that crate"), "{lacks_block}");

    let half = Registry::default().block::<SquashConfig>().expect("a new name");
    let lacks_kind = Trained::load_with(&folder, &half).err().expect("it knows no sign").to_string();
    assert!(lacks_kind.contains("this program knows no quantizer `sign`, only `codebook`, "), "{lacks_kind}");

    // The recipe beside the checkpoint was changed to one that this program can read.
    let other = half.parse(&text("{ kind = \"fsq\", levels = [3] }")).expect("a recipe");
    let standardized = fs::read_to_string(folder.recipe()).expect("a recipe");
    let standardized = standardized.replace("kind = \"sign\"\nkeep = 0.9", "kind = \"fsq\"\nlevels = [3]");
    fs::write(folder.recipe(), standardized).expect("a file");
    assert_eq!(half.read(&folder.recipe()).expect("a recipe").quantizer, other.quantizer);
    let error = Trained::load_with(&folder, &half).err().expect("it knows no sign").to_string();
    assert!(error.contains("checkpoint.safetensors") && error.contains("no quantizer `sign`"), "{error}");
}

#[test]
fn what_does_not_fit_is_said_with_its_place() {
    let registry = registry();
    let wrong = |quantizer: &str| registry.parse(&text(quantizer)).expect_err(quantizer).to_string();
    let error = wrong("{ kind = \"sing\", keep = 0.9 }");
    assert!(error.contains("line 6, column 30") && error.contains("did you mean `sign`?"), "{error}");
    let error = wrong("{ kind = \"residual\", levels = 2, quantizer = { kind = \"sign\", kep = 0.9 } }");
    assert!(error.contains("unknown field `kep`, expected `keep`\ndid you mean `keep`?"), "{error}");
    assert!(error.contains("line 6") && error.contains(&format!("{}^^^\n", " ".repeat(79))), "{error}");
    assert!(wrong("{ kind = \"sign\" }").contains("missing field `keep`"));
    assert!(
        wrong("{ keep = 0.9 }")
            .contains("missing field `kind`: the name of a quantizer, one of `codebook`, ")
    );
    assert!(wrong("{ kind = 3 }").contains("`kind` is the name of a quantizer, not 3"));
    assert!(wrong("\"sign\"").contains("`quantizer` is a table, not a string"));
    assert!(wrong("{ kind = \"residual\", levels = 2 }").contains("missing field `quantizer`"));
    let recipe = registry.parse(&text(ALONE)).expect("a recipe");
    let set = |assignment: &str| recipe.set(assignment).expect_err(assignment).to_string();
    let error = set("quantizer.keep=\"all\"");
    assert!(error.contains("in `quantizer.keep`: invalid type: string \"all\", expected f64"), "{error}");
    assert!(set("quantizer.kep=1").contains("did you mean `keep`?"));
    assert!(set("train.events=[{ event = \"dobule\", step = 3 }]").contains("did you mean `double`?"));
    assert!(set("model.encoder=[{ layer = \"conf\", channels = 3 }]").contains("did you mean `conv`?"));
    let error = set("model.top={ encoder = [], decoder = [{ layer = \"relu\" }, { layer = \"gellu\" }] }");
    assert!(
        error.contains("in `model.top.decoder.1.layer`") && error.contains("did you mean `gelu`?"),
        "{error}"
    );
    assert_eq!(
        recipe.set("quantizer.keep=0.5").expect("a recipe").quantizer,
        Some(SignConfig { keep: 0.5 }.into())
    );
    let corpus = common::corpus();
    let error = Training::new(recipe.set("quantizer.keep=1.0").expect("a number"), &corpus).err();
    assert_eq!(
        error.expect("it cannot work").to_string(),
        "the recipe cannot work: quantizer.keep = 1: a share below 1"
    );
}

#[test]
fn an_event_of_ones_own_happens_at_its_step_also_where_it_is_resumed_or_stretched() {
    let (corpus, registry) = (common::corpus(), registry());
    let recipe =
        registry.parse(&text(ALONE)).and_then(|r| r.set("train.events=[{ event = \"double\", step = 6 }]"));
    let recipe = recipe.expect("a recipe");
    let size = |training: &Training<'_>| {
        let id = training.store.iter().find(|(_, entry)| entry.name == "quantizer.size").expect("a sign").0;
        training.store.get(id).as_slice()[0]
    };
    let run = |recipe: &Recipe, steps: usize| {
        let mut training = Training::new(recipe.clone(), &corpus).expect("it can work");
        (0..steps).for_each(|_| _ = training.advance().expect("a step"));
        size(&training)
    };
    let without = recipe.set("train.events=[]").expect("a recipe");
    assert_eq!(run(&recipe, 6), run(&without, 6), "before it nothing happened");
    // 0.9·2s + 0.1·x against 0.9·s + 0.1·x: the rows x of the step are the same.
    let (s, with, without) = (run(&recipe, 6), run(&recipe, 7), run(&without, 7));
    assert!((with - without - 0.9 * s).abs() < 1e-5 * s, "{with} after {s}, {without} without the event");
    assert!(recipe.stretched(16).to_toml().contains("event = \"double\"\nstep = 12"), "{recipe:?}");
    let none = recipe.set("quantizer={ kind = \"lfq\" }").expect("a recipe");
    let mut training = Training::new(none, &corpus).expect("it can work");
    let error = (0..7).find_map(|_| training.advance().err()).expect("there is nothing to double");
    assert!(error.to_string().contains("no size to double"), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let whole = train(recipe.clone(), &corpus, &folder.path().join("whole"));
    let cut = folder.path().join("cut");
    let mut run = Run::open(recipe.clone(), &corpus, RunFolder::new(&cut), Existing::Refuse).expect("a run");
    (0..7).for_each(|_| _ = run.training.advance().expect("a step"));
    run.drive(&AtomicBool::new(true), &mut |_| {}).expect("it saves");
    drop(run); // its folder is free again
    assert_eq!(train(recipe, &corpus, &cut), whole);
}

#[test]
fn names_that_are_taken_or_that_no_recipe_can_say_are_refused() {
    #[derive(Serialize, Deserialize)]
    struct Odd {}

    impl BlockConfig for Odd {
        const NAME: &'static str = "My-Block";

        fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
            Ok(Box::new(Activation::Tanh))
        }
    }

    let said = |registry: Result<Registry, KindError>| registry.err().expect("it is refused").to_string();
    let odd = said(Registry::default().block::<Odd>());
    assert!(
        odd.contains("`My-Block` cannot be the name of a block") && odd.contains("change its NAME"),
        "{odd}"
    );
    let twice = said(registry().quantizer::<SignConfig>());
    assert!(
        twice.contains("there is a quantizer `sign` already") && twice.contains("another NAME"),
        "{twice}"
    );
    assert!(said(Registry::default().block::<blocks::Conv>()).contains("there is a block `conv` already"));
    assert!(said(registry().event::<DoubleConfig>()).contains("there is an event `double` already"));
    assert!(said(Registry::default().op(ops::ALL[0])).contains("there is an op"));
}

#[test]
fn a_training_takes_a_quantizer_as_a_value() {
    let corpus = common::corpus();
    let recipe = registry().parse(&text(ALONE)).expect("a recipe");
    let run =
        |mut training: Training<'_>| (0..4).map(|_| training.advance().expect("a step")).collect::<Vec<_>>();
    let by_name = run(Training::new(recipe.clone(), &corpus).expect("it can work"));
    let nameless = Recipe { quantizer: None, ..recipe };
    let built = Training::with_quantizer(nameless, &corpus, &mut |dim, scope| {
        Ok(Box::new(Sign { size: scope.buffer("size", Tensor::filled([1, dim], 1.0)), keep: 0.9 }))
    });
    assert_eq!(run(built.expect("it can work")), by_name);
}

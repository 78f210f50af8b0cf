//! Kinds that this crate does not know, by name in recipes: a quantizer alone and inside every combinator, a block, an
//! event; trained, interrupted, resumed, encoded and decoded, inspected, reported.

mod kinds;
mod messages;

use std::{fs, path::Path, sync::atomic::AtomicBool};

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::Tensor;
use gradbook_lab::{
    Existing, Recipe, Registry, Run, RunFolder, Trained, Training, codec, gather, inspect::inspect, report,
};

use crate::common;
use kinds::{DoubleConfig, Sign, SignConfig, SquashConfig};

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
    let page = report::html("foreign", &[], &[gather(&mut run).expect("figures")]);
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
    assert!(recipe.with_steps(16).to_toml().contains("event = \"double\"\nstep = 12"), "{recipe:?}");
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

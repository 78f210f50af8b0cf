//! What is said of kinds that a program does not know, of their options, and of names that cannot be given.

use std::fs;

use gradbook_autograd::ops;
use gradbook_lab::{BlockConfig, Registry, RunFolder, Trained, Training, blocks};
use gradbook_nn::{Activation, ConfigError, Layer, Scope, named::KindError};
use serde::{Deserialize, Serialize};

use super::{
    ALONE,
    kinds::{DoubleConfig, SignConfig, SquashConfig},
    registry, text, train,
};
use crate::common;

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

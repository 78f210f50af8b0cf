//! Trains a recipe and prints a row per evaluation: `try_recipe RECIPE STEPS [DATA GLOB] [key=value…]`.

use gradbook_audio::{Corpus, HoldOut, Source};
use gradbook_lab::{Recipe, Training};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut recipe = match std::fs::read_to_string(&args[0]) {
        Ok(text) => Recipe::parse(&text)?,
        Err(_) => Recipe::built_in(&args[0])?,
    };
    if args.len() > 3 && args[2] != "-" {
        recipe.data.source = Source::Folder(args[2].clone().into());
        recipe.data.test = HoldOut::Glob(args[3].clone());
    }
    for set in args.iter().skip(4) {
        recipe = recipe.set(set)?;
    }
    recipe = recipe.with_steps(args[1].parse()?);
    let corpus = Corpus::load(&recipe.data, &|_, _| {})?;
    let mut training = Training::new(recipe, &corpus)?;
    let every = training.recipe.train.evaluation_interval();
    while !training.finished() {
        training.advance()?;
        if training.step.is_multiple_of(every) || training.finished() {
            let (p, _) = training.progress();
            println!(
                "{:6} loss {:.4} mse {:.4} alive {:?} perplexity {:.1} dim {:.1} respawned {} {:.1}s",
                p.step,
                p.loss,
                p.mse,
                p.alive,
                p.perplexity.unwrap_or(0.0),
                p.effective_dim,
                p.respawned,
                p.seconds
            );
        }
    }
    Ok(())
}

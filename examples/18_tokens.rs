//! From a sound to tokens and back: a small model is trained for a moment, a recording becomes integers, the integers
//! become a WAV file, and its spectrogram is as far from that of the recording as the tokens say.

use std::{fs, sync::atomic::AtomicBool};

use gradbook::audio::{Audio, Corpus, Encoding, wav};
use gradbook::lab::{Existing, Recipe, Run, RunFolder, Trained, codec};
use gradbook::vq::Codes;

const RECIPE: &str = r#"
    name = "tokens"
    data = { source = { synthetic = { clips = 40, seed = 3 } } }
    model.encoder = [{ layer = "conv", channels = 48 }, { layer = "relu" }, { layer = "conv", channels = 16, taps = 1 }]
    model.decoder = [{ layer = "conv", channels = 48 }, { layer = "relu" }]
    quantizer = { kind = "codebook", codes = 128, learning = { by = "ema", decay = 0.95 } }
    train = { steps = 150, batch = 8, warmup = 50, seeding = { latents = 2048 }, optimizer = { rate = 2e-3, method = { kind = "adam" } } }
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::temp_dir().join(format!("gradbook_tokens_{}", std::process::id()));
    let recipe = Recipe::parse(RECIPE)?;
    let corpus = Corpus::load(&recipe.data, &|_, _| {})?;
    let folder = RunFolder::new(place.join("run"));
    let mut run = Run::open(recipe, &corpus, folder.clone(), Existing::Replace)?;
    run.drive(&AtomicBool::new(false), &mut |_| {})?;

    let model = Trained::load(&folder)?;
    let clip = &corpus.test[0];
    let rate = model.mel.params().sample_rate;
    let original = place.join("original.wav");
    wav::write(&original, &Audio { samples: clip.samples()?, sample_rate: rate }, Encoding::Pcm16)?;

    let tokens = codec::encode(&model, &[original])?.tokens;
    let file = &tokens.files[0];
    let seconds = clip.samples()?.len() as f64 / f64::from(rate);
    println!("{seconds:.2} s of sound: {} tokens of {} codes", file.frames, tokens.radices[0]);
    println!("the first twenty: {:?}", &file.codes[0][..20.min(file.frames)]);
    println!("{:.0} bits a second", file.frames as f64 * (tokens.radices[0] as f64).log2() / seconds);

    let sounds = codec::decode(&model, &tokens, &place, &place.join("decoded"))?;
    let again = wav::read(&sounds[0])?;
    let before = model.frames(&clip.samples()?);
    let codes = Codes::new(file.codes.clone(), tokens.radices.clone());
    let [said, heard] = [model.decode(&codes, file.frames)?, model.frames(&again.samples)]
        .map(|after| (after - &before).mapv(|d| d * d).mean().unwrap_or(f32::NAN));
    println!("mean squared distance to the original in standardized log-mels (silence: 1 or more):");
    println!("{said:.3} is what the tokens say, {heard:.3} is heard: phases are found, not kept");
    assert!(said < 0.8 && (heard - said).abs() < 0.05 * said && again.sample_rate == rate);
    fs::remove_dir_all(place)?;
    Ok(())
}

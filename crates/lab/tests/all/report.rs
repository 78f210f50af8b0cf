//! The page shows the numbers it was given: tables, curves, pictures and sounds are read back from it.

use base64::{Engine, engine::general_purpose::STANDARD};
use gradbook_audio::wav;
use gradbook_lab::{
    Figures, Progress, Summary, UsageFigures, compare,
    report::{CodebookMap, Example, RunReport, html},
};
use ndarray::array;

fn summary(recipe: &str) -> Summary {
    let usage = UsageFigures {
        codes: 512.0,
        alive: 505.0,
        alive_in_1000: Some(401.25),
        lively: 0.968,
        perplexity: 382.25,
    };
    let figures = Figures {
        rows: 1920,
        mse: 0.07806,
        effective_dim: 9.94,
        bits_per_token: Some(8.125),
        usage: Some(usage),
        slots: Vec::new(),
    };
    Summary {
        recipe: recipe.into(),
        seed: 0,
        steps: 4000,
        validation: Figures { mse: 0.5, ..figures.clone() },
        test: Some(figures),
        teraflop: Some(61.72),
        seconds: 31.26,
    }
}

fn row(step: usize, mse: f64) -> Progress {
    Progress { step, loss: 2.0 * mse, mse, alive: Some(step as f64), ..Progress::default() }
}

fn run(recipe: &str) -> RunReport {
    RunReport {
        about: "a < b & \"c\"".into(),
        summary: summary(recipe),
        history: vec![row(10, 0.5), row(20, 0.25)],
        usage: vec![0, 7, 3],
        maps: vec![CodebookMap {
            step: 4000,
            alive: vec![[0.5, 0.25]],
            dead: vec![[-1.0, 0.0], [0.0, 0.5]],
            latents: vec![[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]],
        }],
        examples: vec![Example {
            name: "owl.wav".into(),
            original: array![[0.0, 1.0], [1.0, 0.5], [0.0, 0.0]],
            decoded: array![[0.0, 2.0], [-1.0, 0.5], [0.0, 0.0]],
            original_sound: vec![0.0, 0.5, -1.0, 2.0],
            decoded_sound: vec![0.25; 8],
            sample_rate: 8_000,
        }],
    }
}

fn without_training(recipe: &str) -> RunReport {
    let mut level = RunReport {
        history: Vec::new(),
        usage: Vec::new(),
        maps: Vec::new(),
        examples: Vec::new(),
        ..run(recipe)
    };
    for figures in [Some(&mut level.summary.validation), level.summary.test.as_mut()].into_iter().flatten() {
        (figures.usage, figures.bits_per_token) = (None, None);
    }
    level.summary.teraflop = None;
    level
}

/// The data of each address of this kind in a page.
fn data(page: &str, kind: &str) -> Vec<Vec<u8>> {
    let start = format!("data:{kind};base64,");
    let parts = page.split(&start).skip(1);
    parts.map(|part| STANDARD.decode(part.split('"').next().expect("it ends")).expect("base64")).collect()
}

#[test]
fn the_table_of_a_page_has_a_row_for_each_run_with_its_figures() {
    let page = html("Owls & <friends>", &[], &[run("best"), without_training("level")]);
    assert!(page.contains("<title>Owls &amp; &lt;friends&gt;</title>"));
    assert!(page.contains("a &lt; b &amp; &quot;c&quot;"));
    let cells =
        "best<td>0.0781<td>505/512<td>401<td>97 %<td>382.2<td>8.12<td>1920<td>4000<td>61.7<td>31.3</tr>";
    assert!(page.contains(cells), "{}", &page[..4000]);
    assert!(page.contains("level<td>0.0781<td>–<td>–<td>–<td>–<td>–<td>1920<td>4000<td>–<td>31.3</tr>"));
    let title = |text: &str| page.contains(&format!("<figcaption>{text}</figcaption><svg"));
    for title_of in ["MSE on the validation clips", "Codes alive", "Training loss", "Respawned codes"] {
        assert!(title(title_of), "{title_of}");
    }
    assert!(!title("Perplexity"), "no run told its perplexity on the way");
    assert!(title("Uses of each code, most used first"));
    assert!(title("Codebook (filled: used, hollow: dead) among latents, in their two principal axes"));
    // One code used, two dead, three latents.
    let map = page
        .split("principal axes</figcaption>")
        .nth(1)
        .and_then(|rest| rest.split("</svg>").next())
        .expect("a map");
    assert_eq!(map.matches("<circle").count(), 6);
    // Two of three codes are used: two bars, the higher one first.
    let usage = page
        .split("most used first</figcaption>")
        .nth(1)
        .and_then(|rest| rest.split("</svg>").next())
        .expect("bars");
    let bars: Vec<f64> = usage
        .split("<rect ")
        .filter(|bar| bar.contains("fill=\"#D6523C\""))
        .map(|bar| {
            bar.split("height=\"")
                .nth(1)
                .and_then(|h| h.split('"').next())
                .expect("a height")
                .parse()
                .expect("a number")
        })
        .collect();
    assert!(bars.len() == 2 && bars[0] > bars[1], "{bars:?}");
}

#[test]
fn spectrograms_have_time_to_the_right_and_pitch_upwards_in_the_range_of_the_original() {
    let page = html("one", &[], &[run("best")]);
    let pixels = |bytes: &[u8]| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        assert_eq!((info.width, info.height), (3, 2));
        pixels.chunks(3).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let pictures = data(&page, "image/png");
    let [original, decoded] = [pixels(&pictures[0]), pixels(&pictures[1])];
    let (dark, bright) = (&original[2], &original[0]);
    // The upper row is the higher band: 1, 0.5, 0 over time; below it 0, 1, 0.
    assert!(original[1] != *dark && original[1] != *bright);
    assert_eq!(original[3..], [dark.clone(), bright.clone(), dark.clone()]);
    assert!(bright.iter().map(|x| u32::from(*x)).sum::<u32>() > dark.iter().map(|x| u32::from(*x)).sum());
    // What is beyond the original's range has its color: 2 is bright, −1 is dark.
    assert_eq!((&decoded[0], &decoded[4]), (bright, dark));
}

#[test]
fn sounds_of_a_page_are_the_samples_within_full_scale() {
    let page = html("one", &[], &[run("best")]);
    let sounds: Vec<_> =
        data(&page, "audio/wav").iter().map(|bytes| wav::decode(&bytes[..]).expect("a sound")).collect();
    assert_eq!([sounds[0].sample_rate, sounds[1].sample_rate], [8_000; 2]);
    let wanted = [0.0, 0.5, -1.0, 1.0];
    assert!(
        sounds[0].samples.iter().zip(wanted).all(|(x, wanted)| (x - wanted).abs() < 1e-4),
        "{:?}",
        sounds[0].samples
    );
    assert_eq!(sounds[1].samples.len(), 8);
}

#[test]
fn the_table_in_text_is_aligned() {
    let table = compare::table(&[summary("best"), without_training("plain").summary]).text();
    let wanted = "\
recipe     MSE    alive  in 1k  lively  perpl.  bits  rows  steps  TFLOP     s
best    0.0781  505/512    401    97 %   382.2  8.12  1920   4000   61.7  31.3
plain   0.0781        –      –       –       –     –  1920   4000      –  31.3
";
    assert_eq!(table, wanted);
    // A name that would not leave room brings columns nearer to one another.
    let long = compare::table(&[summary("random-projection")]).text();
    assert!(long.lines().all(|line| line.chars().count() <= 80), "{long}");
}

/// Three seeds: MSE 0.1, 0.2, 0.3 has the mean 0.2 and the deviation 0.1; against 0.3, 0.5, 0.7 the differences are −0.2,
/// −0.3, −0.4, of which t·s/√n = 4.303 · 0.1 / √3 = 0.2484.
#[test]
fn seeds_of_a_recipe_share_a_row_with_mean_deviation_and_the_paired_difference() {
    let runs = |recipe: &str, errors: [f64; 3]| {
        errors.map(|mse| {
            let mut run = summary(recipe);
            run.test.as_mut().expect("the end").mse = mse;
            run
        })
    };
    let all = [runs("ema", [0.3, 0.5, 0.7]), runs("best", [0.1, 0.2, 0.3])].concat();
    let wanted = "\
recipe            MSE    alive  in 1k  perplexity     MSE − first  TFLOP     s
ema     0.5000±0.2000  505/512    401   382.2±0.0               –   61.7  31.3
best    0.2000±0.1000  505/512    401   382.2±0.0  -0.3000±0.2484   61.7  31.3
";
    assert_eq!(compare::table(&all).text(), wanted);
}

//! The page itself: summary table, curves of all runs together, then each run's usage, map, pictures and sounds.

use std::fmt::Write;

use super::{
    Example, RunReport,
    charts::{self, Curve},
    media,
};
use crate::{Progress, Summary};

const STYLE: &str = include_str!("style.css");

/// A quantity over training: title, logarithmic scale, and how to read it off a row.
type Quantity = (&'static str, bool, fn(&Progress) -> Option<f64>, fn(&Summary) -> Option<f64>);

const QUANTITIES: [Quantity; 6] = [
    ("Test MSE", true, |p| Some(p.test_mse), |s| Some(s.test_mse)),
    ("Codes alive", false, |p| p.alive.map(|n| n as f64), |s| s.alive.map(|n| n as f64)),
    ("Perplexity", false, |p| p.perplexity, |s| s.perplexity),
    ("Effective dimension of the latents", false, |p| Some(p.effective_dim), |_| None),
    ("Training loss", true, |p| Some(p.loss), |_| None),
    ("Respawned codes", false, |p| Some(p.respawned as f64), |_| None),
];

pub fn page(title: &str, runs: &[RunReport]) -> String {
    let mut out = String::new();
    let title = escape(title);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
    table(&mut out, runs);
    out += GUIDE;
    legend(&mut out, runs);
    out += "<section class=\"grid\">";
    for (title, log, over_time, level) in QUANTITIES {
        // A run without training is a level: one point.
        let curve = |(run, r): (usize, &RunReport)| {
            let points = match r.history.as_slice() {
                [] => level(&r.summary).map(|value| (0.0, value)).into_iter().collect(),
                rows => rows.iter().filter_map(|p| Some((p.step as f64, over_time(p)?))).collect(),
            };
            Curve { run, points }
        };
        let svg = charts::curves(&runs.iter().enumerate().map(curve).collect::<Vec<_>>(), log);
        figure(&mut out, title, &svg);
    }
    out += "</section>";
    for (i, run) in runs.iter().enumerate() {
        section(&mut out, i, run);
    }
    out += "</main></body></html>\n";
    out
}

/// What the figures mean.
const GUIDE: &str = "<p>All figures are from held-out clips. <b>Alive</b>: codes used at least once. <b>Perplexity</b>: as \
    many codes, evenly used, would carry as much information. <b>Effective dim</b>: how many directions the latents spread \
    over. <b>Test MSE</b>: error of the reconstructed spectrogram in units of its variance; lower is better.</p>";

/// Whose color is whose, next to the drawings.
fn legend(out: &mut String, runs: &[RunReport]) {
    *out += "<p class=\"legend\">";
    for (i, run) in runs.iter().enumerate() {
        let (color, name) = (charts::css(i), escape(&run.summary.recipe));
        let _ = write!(out, "<span><i style=\"background:{color}\"></i>{name}</span> ");
    }
    *out += "</p>";
}

/// One row per run. What decides comes first: a phone shows the first few columns and scrolls to the others.
fn table(out: &mut String, runs: &[RunReport]) {
    *out += "<div class=\"scroll\"><table><thead><tr><th>recipe<th>test MSE<th>alive<th>perplexity<th>effective dim\
             <th>bits / token<th>steps<th>seconds</tr></thead><tbody>";
    for (i, run) in runs.iter().enumerate() {
        let s = &run.summary;
        let alive = match (s.alive, s.codes) {
            (Some(alive), Some(codes)) => format!("{alive} / {codes}"),
            _ => "–".to_owned(),
        };
        let or_dash = |x: Option<f64>, digits: usize| x.map_or("–".to_owned(), |x| format!("{x:.digits$}"));
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><i style=\"background:{}\"></i>{}<td>{:.4}<td>{alive}<td>{}<td>{:.1}<td>{}<td>{}<td>{:.1}</tr>",
            charts::css(i),
            escape(&s.recipe),
            s.test_mse,
            or_dash(s.perplexity, 1),
            s.effective_dim,
            or_dash(s.bits_per_token, 2),
            s.steps,
            s.seconds,
        );
    }
    *out += "</tbody></table></div>";
}

/// What belongs to one run alone.
fn section(out: &mut String, i: usize, run: &RunReport) {
    let _ = write!(
        out,
        "<section><h2><i style=\"background:{}\"></i>{}</h2><p>{}</p><div class=\"grid\">",
        charts::css(i),
        escape(&run.summary.recipe),
        escape(&run.about)
    );
    if !run.usage.is_empty() {
        figure(
            out,
            "Uses of each code on the held-out clips, most used first",
            &charts::usage(&run.usage, i),
        );
    }
    if let Some(map) = &run.map {
        let title = "Codebook (filled: used, hollow: dead) among latents, in their two principal axes";
        figure(out, title, &charts::map(map, i));
    }
    *out += "</div>";
    run.examples.iter().for_each(|example| clip(out, example));
    *out += "</section>";
}

/// A clip before and after: to see and to hear.
fn clip(out: &mut String, example: &Example) {
    let range =
        example.original.iter().fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let seconds = example.original_sound.len() as f64 / f64::from(example.sample_rate);
    let _ =
        write!(out, "<h3>{} <small>{seconds:.1} s</small></h3><div class=\"grid\">", escape(&example.name));
    let sides = [
        ("original", &example.original, &example.original_sound),
        ("reconstruction", &example.decoded, &example.decoded_sound),
    ];
    for (name, frames, samples) in sides {
        let _ = write!(
            out,
            "<figure><figcaption>{name}</figcaption><img alt=\"log-mel spectrogram, {name}\" src=\"{}\">\
             <audio controls preload=\"metadata\" src=\"{}\"></audio></figure>",
            media::spectrogram(frames, range),
            media::sound(samples, example.sample_rate)
        );
    }
    *out += "</div>";
}

fn figure(out: &mut String, title: &str, svg: &str) {
    if !svg.is_empty() {
        let _ = write!(out, "<figure><figcaption>{title}</figcaption>{svg}</figure>");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

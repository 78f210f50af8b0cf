//! The page itself: summary table, curves of all runs together, then each run's usage, map, pictures and sounds.

use std::fmt::Write;

use super::{
    CodebookMap, Example, Finding, RunReport,
    charts::{self, Curve},
    media,
};
use crate::{Progress, Summary, compare};

const STYLE: &str = include_str!("style.css");

/// A quantity over training: title, logarithmic scale, and how to read it off a row.
type Quantity = (&'static str, bool, fn(&Progress) -> Option<f64>, fn(&Summary) -> Option<f64>);

const QUANTITIES: [Quantity; 6] = [
    ("MSE on the validation clips", true, |p| Some(p.mse), |s| Some(s.validation.mse)),
    ("Codes alive", false, |p| p.alive, |s| Some(s.validation.usage.as_ref()?.alive)),
    ("Perplexity", false, |p| p.perplexity, |s| Some(s.validation.usage.as_ref()?.perplexity)),
    ("Effective dimension of the latents", false, |p| Some(p.effective_dim), |_| None),
    ("Training loss", true, |p| Some(p.loss), |_| None),
    ("Respawned codes", false, |p| Some(p.respawned as f64), |_| None),
];

pub fn page(title: &str, findings: &[Finding], runs: &[RunReport], script: &str) -> String {
    let mut out = String::new();
    let title = escape(title);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
    table(&mut out, runs);
    // Runs that go on have not seen the test clips, nor have those that were never to see them.
    let tested = runs.iter().any(|run| run.summary.test.is_some());
    out += if tested { TESTED } else { "<p>The table and the curves are from the <b>validation</b> clips. " };
    out += GUIDE;
    if !findings.is_empty() {
        out += "<section class=\"findings\">";
        findings.iter().for_each(|finding| found(&mut out, finding));
        out += "</section>";
    }
    // Of several seeds the first is shown.
    let runs: Vec<&RunReport> =
        runs.chunk_by(|a, b| a.summary.recipe == b.summary.recipe).map(|seeds| &seeds[0]).collect();
    legend(&mut out, runs.iter().map(|run| run.summary.recipe.as_str()));
    out += "<section class=\"grid\">";
    for (title, log, over_time, level) in QUANTITIES {
        // A run without training is a level: one point.
        let curve = |(run, r): (usize, &&RunReport)| {
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
    out += "</main>";
    out += script;
    out += "</body></html>\n";
    out
}

/// Which clips the figures are from.
const TESTED: &str = "<p>The table is from the <b>test</b> clips, measured once at the end; the curves are from the \
    <b>validation</b> clips, by which all choices are made. ";

/// What the figures mean.
const GUIDE: &str = "<b>MSE</b>: error of the reconstructed spectrogram in units of \
    its variance; lower is better. <b>Alive</b>: codes used at least once by these rows; <b>in 1k</b>: by 1,000 rows on \
    average; <b>lively</b>: with a tenth of an even share or more. <b>Perplexity</b>: as many codes, evenly used, would \
    carry as much information. Several slots: their mean. <b>TFLOP</b>: 10¹² operations of the training.</p>";

/// What several runs show together.
fn found(out: &mut String, finding: &Finding) {
    match finding {
        Finding::Text(text) => _ = write!(out, "<p>{}</p>", escape(text)),
        Finding::Picture { title, names, svg } => {
            *out += "<div>";
            if !names.is_empty() {
                legend(out, names.iter().map(String::as_str));
            }
            figure(out, &escape(title), svg);
            *out += "</div>";
        }
    }
}

/// Whose color is whose, next to the drawings.
fn legend<'n>(out: &mut String, names: impl Iterator<Item = &'n str>) {
    *out += "<p class=\"legend\">";
    for (i, name) in names.enumerate() {
        let (color, name) = (charts::css(i), escape(name));
        let _ = write!(out, "<span><i style=\"background:{color}\"></i>{name}</span> ");
    }
    *out += "</p>";
}

/// The rows that a terminal shows. What decides comes first: a phone shows the first few columns and scrolls to the others.
fn table(out: &mut String, runs: &[RunReport]) {
    let table = compare::table(&compare::summaries(runs));
    let head: String = table.head.iter().map(|title| format!("<th>{title}")).collect();
    let _ = write!(out, "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>");
    for (i, row) in table.rows.iter().enumerate() {
        let (color, name) = (charts::css(i), escape(&row[0]));
        let cells: String = row[1..].iter().map(|cell| format!("<td>{cell}")).collect();
        let _ = write!(out, "<tr><th scope=\"row\"><i style=\"background:{color}\"></i>{name}{cells}</tr>");
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
        figure(out, "Uses of each code, most used first", &charts::usage(&run.usage, i));
    }
    let title = "Codebook (filled: used, hollow: dead) among latents, in their two principal axes";
    match run.maps.as_slice() {
        [] => {}
        [map] => figure(out, title, &charts::map(map, i)),
        maps => film(out, title, maps, i),
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
            "<figure><figcaption>{name}</figcaption><img alt=\"log-mel spectrogram, {name}\" src=\"{}\">",
            media::spectrogram(frames, range)
        );
        if !samples.is_empty() {
            let sound = media::sound(samples, example.sample_rate);
            let _ = write!(out, "<audio controls preload=\"metadata\" src=\"{sound}\"></audio>");
        }
        *out += "</figure>";
    }
    *out += "</div>";
}

fn figure(out: &mut String, title: &str, svg: &str) {
    if !svg.is_empty() {
        let _ = write!(out, "<figure><figcaption>{title}</figcaption>{svg}</figure>");
    }
}

/// Drawings of several steps, one shown at a time, and a slider to choose which.
fn film(out: &mut String, title: &str, maps: &[CodebookMap], run: usize) {
    let last = maps.len() - 1;
    let _ = write!(out, "<figure class=\"film\"><figcaption>{title}</figcaption>");
    for (i, map) in maps.iter().enumerate() {
        let hidden = if i == last { "" } else { " hidden" };
        let _ = write!(out, "<div{hidden}>{}<p>step {}</p></div>", charts::map(map, run), map.step);
    }
    let _ = write!(
        out,
        "<input type=\"range\" aria-label=\"step\" max=\"{last}\" value=\"{last}\" oninput=\"this.parentNode.\
         querySelectorAll('div').forEach((map, i) => map.hidden = i != this.value)\"></figure>"
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

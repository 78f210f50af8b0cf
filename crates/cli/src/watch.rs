//! Progress on standard error: on a terminal a bar with the figures below it, elsewhere a line per evaluation.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use gradbook_lab::{Progress, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::Loudness;

/// The progress of one run.
pub struct Watch {
    name: String,
    bar: Option<ProgressBar>,
    lines: bool,
}

impl Watch {
    /// Of the run `name`, shown in a column `width` wide, among those of other runs.
    pub fn new(name: &str, width: usize, all: &MultiProgress, loudness: &Loudness) -> Self {
        let terminal = stderr().is_terminal() && !loudness.quiet;
        let bar = terminal.then(|| {
            let style = style("{prefix} {bar:20.cyan/black.bright} {pos:>6}/{len}  {msg}");
            all.add(ProgressBar::new(0).with_style(style).with_prefix(format!("{name:<width$}")))
        });
        let lines = !loudness.quiet && (!terminal || loudness.verbose);
        Self { name: format!("{name:<width$}"), bar, lines }
    }

    /// Shows where the run stands.
    pub fn show(&self, status: &Status<'_>) {
        let digits = usize::from(status.rate < 9.95);
        let pace = format!("{:.digits$} steps/s, {} left", status.rate, clock(status.left));
        if let Some(bar) = &self.bar {
            bar.set_length(status.steps);
            bar.set_position(status.step);
            let figures = status.last.map_or_else(String::new, |last| format!(", {}", figures(last)));
            let below = " ".repeat(self.name.chars().count() + 1);
            bar.set_message(format!("{pace}\n{below}loss {:.3}{figures}", status.loss));
        }
        if let Some(last) = status.last.filter(|_| self.lines && status.evaluated) {
            let line = format!(
                "{} {:>6}/{} loss {:.4}, {}, {pace}",
                self.name,
                status.step,
                status.steps,
                status.loss,
                figures(last)
            );
            match &self.bar {
                Some(bar) => bar.println(line),
                None => eprintln!("{line}"),
            }
        }
    }

    /// Leaves the bar on the screen as it is.
    pub fn leave(&self) {
        if let Some(bar) = self.bar.as_ref().filter(|bar| bar.length() > Some(0) && !bar.is_finished()) {
            bar.abandon();
        }
    }

    /// Leaves the result on the screen, in one line.
    pub fn finish(&self, last: Option<&Progress>) {
        if let Some(bar) = &self.bar {
            bar.set_style(style("{prefix} {pos:>6} steps: {msg}"));
            bar.abandon_with_message(last.map_or_else(String::new, |last| {
                format!("{}, {}", figures(last), clock(Duration::from_secs_f64(last.seconds)))
            }));
        }
    }
}

/// What matters in an evaluation.
fn figures(row: &Progress) -> String {
    let codes = match (row.alive, row.perplexity) {
        (Some(alive), Some(perplexity)) => format!("{alive:.0} alive, perplexity {perplexity:.0}, "),
        _ => String::new(),
    };
    format!("{codes}MSE {:.4}", row.mse)
}

/// A duration as people say it.
fn clock(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        s => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("a template that is known to be right");
    style.progress_chars("━━╌")
}

/// A bar that counts things, on a terminal.
pub fn counter(what: &str, loudness: &Loudness) -> ProgressBar {
    if loudness.quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = style("{prefix} {bar:20.cyan/black.bright} {pos}/{len}");
    ProgressBar::new(0).with_style(style).with_prefix(what.to_owned())
}

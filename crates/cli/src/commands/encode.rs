//! `gradbook encode`: recordings to tokens.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_audio::wav_files;
use gradbook_lab::{Registry, RunFolder, Trained, codec};

use super::{Outcome, write};
use crate::{
    Loudness,
    terminal::{Style, counted},
};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook encode runs/best song1.wav song2.wav --out tokens.json
  gradbook encode runs/best recordings/ --out tokens.json")]
pub struct Encode {
    /// The folder of a run.
    run: PathBuf,
    /// WAV files, or folders of them; any sample rate, any number of channels.
    #[arg(value_name = "WAV", required = true)]
    files: Vec<PathBuf>,
    /// Where the tokens go, as JSON.
    #[arg(long, value_name = "FILE.json")]
    out: PathBuf,
}

impl Encode {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let model = Trained::load_with(&RunFolder::new(&self.run), registry)?;
        let (mut files, mut left_out) = (Vec::new(), Vec::new());
        for path in &self.files {
            match wav_files(path) {
                Ok((found, skipped)) => {
                    files.extend(found);
                    left_out.extend(
                        skipped.into_iter().map(|skipped| format!("{}: {}", skipped.name, skipped.reason)),
                    );
                }
                Err(error) => left_out.push(error.to_string()),
            }
        }
        let encoded = codec::encode(&model, &files);
        left_out.extend(encoded.iter().flat_map(|encoded| &encoded.left_out).map(ToString::to_string));
        left_out.iter().for_each(|reason| eprintln!("{} {reason}", Style::Bad.paint("left out:")));
        let tokens = encoded?.tokens;
        write(&self.out, serde_json::to_string(&tokens)? + "\n")?;
        if !loudness.quiet {
            let count: usize = tokens.files.iter().flat_map(|file| file.codes.first()).map(Vec::len).sum();
            let counts = [(tokens.files.len(), "file"), (count, "token"), (tokens.slots, "code")];
            let [files, tokens, codes] = counts.map(|(count, thing)| counted(count, thing));
            let note = format!("{files}, {tokens} of {codes} each: {}", self.out.display());
            eprintln!("{}", Style::Note.paint(note));
        }
        if left_out.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let [left_out, files] = [(left_out.len(), "recording"), (tokens.files.len(), "other")]
            .map(|(count, thing)| counted(count, thing));
        eprintln!("{} {left_out} left out, {files} encoded", Style::Bad.paint("error:"));
        Ok(ExitCode::FAILURE)
    }
}

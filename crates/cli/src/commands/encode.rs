//! `gradbook encode`: recordings to tokens.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_audio::wav_files;
use gradbook_lab::{Registry, RunFolder, Trained, codec};

use super::{Outcome, write};
use crate::{Loudness, terminal::Style};

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
        let files: Result<Vec<_>, _> = self.files.iter().map(|path| wav_files(path)).collect();
        let tokens = codec::encode(&model, &files?.concat())?;
        write(&self.out, serde_json::to_string(&tokens)? + "\n")?;
        if !loudness.quiet {
            let count: usize = tokens.files.iter().flat_map(|file| file.codes.first()).map(Vec::len).sum();
            let counts = [(tokens.files.len(), "file"), (count, "token"), (tokens.slots, "code")];
            let [files, tokens, codes] = counts.map(counted);
            let note = format!("{files}, {tokens} of {codes} each: {}", self.out.display());
            eprintln!("{}", Style::Note.paint(note));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `1 file`, `2 files`.
fn counted((count, thing): (usize, &str)) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

//! Checkpoints: the state of a training run in one safetensors file, from which it goes on to the same bits.

mod element;
mod error;
mod read;
mod torch;
mod write;

pub use element::Element;
pub use error::{CheckpointError, Difference};
pub use read::Checkpoint;
pub use torch::TorchMap;
pub use write::save;

use serde::{Deserialize, Serialize};

/// The metadata entry of our header.
const KEY: &str = "gradbook";
/// The version of the layout of names and header.
const FORMAT: u32 = 1;
/// What writes checkpoints.
const PROGRAM: &str = concat!("gradbook ", env!("CARGO_PKG_VERSION"));

/// What a checkpoint tells beside its tensors. Random streams are keyed by (seed, step, shard), so seed and step *are*
/// the position in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Training steps made.
    pub step: u64,
    /// The seed of the run.
    pub seed: u64,
    /// The configuration of the run, as text.
    pub config: String,
}

/// What the header of any version says.
#[derive(Deserialize)]
struct Origin {
    format: u32,
    #[serde(default = "Origin::unnamed")]
    program: String,
}

impl Origin {
    /// What wrote format 1 before it said so.
    fn unnamed() -> String {
        "another version of gradbook".into()
    }
}

/// The header as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    #[serde(default)]
    program: String,
    step: u64,
    seed: u64,
    config: String,
    checksum: String,
}

impl Header {
    fn to_text(&self, checksum: u64) -> String {
        let Self { step, seed, config } = self.clone();
        let (format, program, checksum) = (FORMAT, PROGRAM.into(), format!("{checksum:016x}"));
        let written = Written { format, program, step, seed, config, checksum };
        serde_json::to_string(&written).expect("numbers and strings can be written as JSON")
    }

    fn from_text(text: &str) -> Result<(Self, u64), String> {
        let Written { step, seed, config, checksum, .. } =
            serde_json::from_str(text).map_err(|error| format!("its header cannot be read ({error})"))?;
        let checksum = u64::from_str_radix(&checksum, 16).map_err(|_| "its checksum is not a number")?;
        Ok((Self { step, seed, config }, checksum))
    }

    /// Over the header and all tensors in the order of their names.
    fn checksum<'a>(&self, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> u64 {
        let head = [self.step.to_le_bytes(), self.seed.to_le_bytes()].concat();
        let start = mix(mix(0xcbf2_9ce4_8422_2325, &head), self.config.as_bytes());
        tensors.fold(start, |hash, (name, bytes)| mix(mix(hash, name.as_bytes()), bytes))
    }
}

/// FNV-1a, eight bytes at a time, with a shift so that high bits come down again.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let step = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(0x100_0000_01b3);
        hash ^ hash >> 29
    };
    let hash = words.iter().fold(hash, |hash, word| step(hash, u64::from_le_bytes(*word)));
    step(step(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by a program of its own (in Python): what was saved is sound tomorrow, too.
    #[test]
    fn a_checksum_is_over_step_seed_config_names_and_bytes_in_words_of_eight() {
        let header = Header { step: 17, seed: 3, config: "rate = 1e-3".into() };
        let [a, b] = [&[0.5f32, -2.0][..], &[1.0, 2.0, 3.0]].map(<f32 as Element>::to_bytes);
        assert_eq!(
            header.checksum([("model/a", &a[..]), ("model/b", &b)].into_iter()),
            0x3a61_1906_f310_bfc5
        );
        assert_eq!(mix(1, &[]), 0x000b_6600_004b_4b29);
        assert_eq!(mix(0xcbf2_9ce4_8422_2325, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 0x64d6_3b4c_61c6_0d0d);
    }
}

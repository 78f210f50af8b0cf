//! WAV files in, mixed down to mono, and out. Decoding is a stream: memory grows with the samples that are
//! really there, never with what a header claims.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::{Error, Result, WavError};

/// Sample rates accepted, in Hz: everything from a slow logger to a bat recorder.
pub const SAMPLE_RATES: RangeInclusive<u32> = 1_000..=768_000;

/// Samples beyond this are not sound, and their spectra would overflow. Some float files count in 32-bit integers.
const LARGEST: f32 = 1e10;

/// A mono recording. Full scale is ±1; float files may exceed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// The samples.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub sample_rate: u32,
}

/// How samples are stored in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// 8-bit unsigned integers.
    Pcm8,
    /// 16-bit integers, which every player plays.
    #[default]
    Pcm16,
    /// 24-bit integers.
    Pcm24,
    /// 32-bit integers.
    Pcm32,
    /// 32-bit floats: what goes in comes out, bit for bit.
    Float,
}

impl Encoding {
    const fn bits(self) -> u16 {
        match self {
            Self::Pcm8 => 8,
            Self::Pcm16 => 16,
            Self::Pcm24 => 24,
            Self::Pcm32 | Self::Float => 32,
        }
    }

    /// Whether so many samples go into a file, which counts its bytes, those of the header included, with 32 bits.
    fn check_length(self, samples: usize) -> Result<(), WavError> {
        let longest = (u32::MAX as usize - 128) / usize::from(self.bits() / 8);
        if samples > longest { Err(WavError::TooLong(samples)) } else { Ok(()) }
    }
}

/// Reads a WAV file (PCM of 8, 16, 24 or 32 bits, or 32-bit float) and averages its channels.
///
/// # Errors
/// [`Error::Io`] when the file cannot be opened; [`Error::Wav`] when its content is damaged, cut short, empty,
/// not sound, or of another encoding.
///
/// ```
/// use gradbook_audio::{Audio, Encoding, wav};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ramp.wav");
/// let ramp = Audio { samples: vec![0.0, 0.25, 0.5], sample_rate: 8_000 };
/// wav::write(&path, &ramp, Encoding::Pcm16)?;
/// assert_eq!(wav::read(&path)?, ramp);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: &Path) -> Result<Audio> {
    let file = std::fs::File::open(path).map_err(|source| Error::Io { path: path.into(), source })?;
    decode(io::BufReader::new(file)).map_err(|source| Error::Wav { path: path.into(), source })
}

/// Samples per second of a WAV file, from its header.
///
/// # Errors
/// As [`read`], for what the header shows.
pub fn sample_rate(path: &Path) -> Result<u32> {
    let file = std::fs::File::open(path).map_err(|source| Error::Io { path: path.into(), source })?;
    let header = WavReader::new(io::BufReader::new(file)).map_err(format_error);
    let rate = header.map(|reader| reader.spec().sample_rate).and_then(|rate| {
        if SAMPLE_RATES.contains(&rate) { Ok(rate) } else { Err(WavError::SampleRate(rate)) }
    });
    rate.map_err(|source| Error::Wav { path: path.into(), source })
}

/// The most samples per channel that a WAV file can hold, by its header and its size, and its sample rate.
pub(crate) fn length(path: &Path) -> Option<(u64, u32)> {
    let size = std::fs::metadata(path).ok()?.len();
    let reader = WavReader::new(io::BufReader::new(std::fs::File::open(path).ok()?)).ok()?;
    let rate = reader.spec().sample_rate;
    SAMPLE_RATES.contains(&rate).then(|| (u64::from(reader.duration()).min(size), rate))
}

/// Decodes a WAV stream; see [`read`].
///
/// # Errors
/// A [`WavError`] that names what is wrong.
pub fn decode(reader: impl Read) -> Result<Audio, WavError> {
    let mut reader = WavReader::new(reader).map_err(format_error)?;
    let spec = reader.spec();
    if !SAMPLE_RATES.contains(&spec.sample_rate) {
        return Err(WavError::SampleRate(spec.sample_rate));
    }
    let (expected, channels) = (reader.len(), usize::from(spec.channels));
    let samples = match spec.sample_format {
        SampleFormat::Float => mix_down(reader.samples::<f32>(), expected, channels)?,
        SampleFormat::Int => {
            let scale = 0.5_f32.powi(i32::from(spec.bits_per_sample) - 1);
            mix_down(reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale)), expected, channels)?
        }
    };
    check(&samples)?;
    if samples.is_empty() {
        Err(WavError::Empty)
    } else {
        Ok(Audio { samples, sample_rate: spec.sample_rate })
    }
}

/// Averages interleaved channels as they arrive.
fn mix_down(
    values: impl Iterator<Item = hound::Result<f32>>,
    expected: u32,
    channels: usize,
) -> Result<Vec<f32>, WavError> {
    let mut samples = Vec::new();
    let mut sum = 0.0;
    for (found, value) in values.enumerate() {
        sum += value.map_err(|error| match error {
            hound::Error::IoError(e) if e.raw_os_error().is_none() => {
                WavError::Truncated { expected, found: found as u32 }
            }
            other => format_error(other),
        })?;
        if (found + 1) % channels == 0 {
            samples.push(sum / channels as f32);
            sum = 0.0;
        }
    }
    Ok(samples)
}

fn check(samples: &[f32]) -> Result<(), WavError> {
    match samples.iter().position(|s| s.is_nan() || s.abs() > LARGEST) {
        Some(at) => Err(WavError::Sample { at, value: samples[at] }),
        None => Ok(()),
    }
}

fn format_error(error: hound::Error) -> WavError {
    match error {
        hound::Error::IoError(e) if e.raw_os_error().is_some() => WavError::Io(e),
        other => WavError::Format(other),
    }
}

/// Encodes mono audio as a WAV file in memory. Samples beyond ±1 are clipped by the PCM encodings.
///
/// # Errors
/// [`WavError::Sample`], [`WavError::SampleRate`] or [`WavError::TooLong`]: what [`decode`] would refuse is not
/// written.
pub fn encode(audio: &Audio, encoding: Encoding) -> Result<Vec<u8>, WavError> {
    let Audio { samples, sample_rate } = audio;
    if !SAMPLE_RATES.contains(sample_rate) {
        return Err(WavError::SampleRate(*sample_rate));
    }
    check(samples)?;
    encoding.check_length(samples.len())?;
    let bits = encoding.bits();
    let sample_format = if encoding == Encoding::Float { SampleFormat::Float } else { SampleFormat::Int };
    let spec = WavSpec { channels: 1, sample_rate: *sample_rate, bits_per_sample: bits, sample_format };
    let mut bytes = io::Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).map_err(format_error)?;
    let full_scale = f64::from(1_u32 << (bits - 1));
    for &sample in samples {
        if encoding == Encoding::Float {
            writer.write_sample(sample)
        } else {
            let level = (f64::from(sample) * full_scale).round();
            writer.write_sample(level.clamp(-full_scale, full_scale - 1.0) as i32)
        }
        .map_err(format_error)?;
    }
    writer.finalize().map_err(format_error)?;
    Ok(bytes.into_inner())
}

/// Writes mono audio to a WAV file; a reader sees the old file or the whole new one, never half of it.
///
/// # Errors
/// [`Error::Wav`] for audio that has no place in a WAV file (see [`encode`]), [`Error::Io`] when writing fails.
pub fn write(path: &Path, audio: &Audio, encoding: Encoding) -> Result<()> {
    let bytes = encode(audio, encoding).map_err(|source| Error::Wav { path: path.into(), source })?;
    atomic::write(path, |file| io::Write::write_all(file, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2³² − 1 bytes, 128 of them for the header: 4,294,967,167 for samples.
    #[test]
    fn a_file_holds_as_many_samples_as_32_bits_count_bytes() {
        for (encoding, longest) in [
            (Encoding::Pcm8, 4_294_967_167),
            (Encoding::Pcm16, 2_147_483_583),
            (Encoding::Pcm24, 1_431_655_722),
            (Encoding::Pcm32, 1_073_741_791),
            (Encoding::Float, 1_073_741_791),
        ] {
            encoding.check_length(longest).expect("the longest");
            let beyond = encoding.check_length(longest + 1);
            assert!(
                matches!(beyond, Err(WavError::TooLong(samples)) if samples == longest + 1),
                "{encoding:?}"
            );
        }
    }
}

//! Pictures and sounds inside the page: spectrograms as PNG and clips as WAV, both as `data:` addresses.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use ndarray::Array2;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

/// A spectrogram `[frame, mel]` as a PNG: time to the right, pitch upwards, `low..high` from dark to bright.
pub fn spectrogram(frames: &Array2<f32>, (low, high): (f32, f32)) -> String {
    let (width, height) = frames.dim();
    let mut pixels = Vec::with_capacity(3 * width * height);
    for mel in (0..height).rev() {
        for frame in 0..width {
            let level = ((frames[[frame, mel]] - low) / (high - low).max(1e-6)).clamp(0.0, 1.0);
            let color = ViridisRGB.get_color(if level.is_nan() { 0.0 } else { level });
            pixels.extend([color.0, color.1, color.2]);
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_err() {
        return String::new(); // a clip without frames has no picture
    }
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

/// Mono samples as a 16-bit WAV.
pub fn sound(samples: &[f32], sample_rate: u32) -> String {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for x in samples {
            writer.write_sample((x.clamp(-1.0, 1.0) * 32767.0) as i16)?;
        }
        writer.finalize()
    });
    if written.is_err() {
        return String::new();
    }
    format!("data:audio/wav;base64,{}", STANDARD.encode(bytes.into_inner()))
}

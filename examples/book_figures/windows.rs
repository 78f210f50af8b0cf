//! Chapter 4: the windows of a convolution as overlapping rows of one buffer.

use crate::svg::{BLUE, Drawing, INK, RED};

/// Width of a number in the drawing.
const CELL: i32 = 30;

pub fn figure() -> String {
    const CHANNELS: i32 = 2;
    const TAPS: i32 = 3;
    const WINDOWS: i32 = 4;
    const SAMPLES: i32 = WINDOWS + TAPS - 1;
    let mut drawing = Drawing::new(560, 250);
    drawing.text([60, 48], "buffer");
    for i in 0..SAMPLES * CHANNELS {
        let padding = !(CHANNELS..(SAMPLES - 1) * CHANNELS).contains(&i);
        let at = [130 + CELL * i, 30];
        drawing.rect(at, [CELL, 28], 0, if padding { INK } else { BLUE });
        let sample = i / CHANNELS - 1;
        let label = if padding {
            "0".to_owned()
        } else {
            format!("x{}{}", sub(sample), ["ᵃ", "ᵇ"][(i % 2) as usize])
        };
        drawing.text([at[0] + CELL / 2, at[1] + 19], &label);
    }
    for m in 0..WINDOWS {
        let y = 90 + 38 * m;
        drawing.text([60, y + 18], &format!("window {m}"));
        let x = 130 + CELL * CHANNELS * m;
        drawing.rect([x, y], [CELL * CHANNELS * TAPS, 26], 4, RED);
        drawing.text([x + CELL * CHANNELS * TAPS / 2, y + 18], &format!("from {} on", m * CHANNELS));
    }
    drawing.finish()
}

fn sub(digit: i32) -> char {
    char::from_u32(0x2080 + digit as u32).expect("a digit")
}

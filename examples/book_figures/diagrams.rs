//! Diagrams of boxes and arrows: broadcasting (chapter 4), the VQ-VAE (chapter 6), two paths of a latent (chapter 10).

use crate::svg::{BLUE, Drawing, INK, RED};

/// A bias of three numbers is copied to four rows, and four gradients are summed for it.
pub fn broadcasting() -> String {
    const CELL: [i32; 2] = [46, 26];
    let mut drawing = Drawing::new(560, 250);
    let mut row = |at: [i32; 2], names: [&str; 3], color: &str| {
        for (i, name) in (0..).zip(names) {
            let [x, y] = [at[0] + CELL[0] * i, at[1]];
            drawing.rect([x, y], CELL, 0, color);
            drawing.text([x + CELL[0] / 2, y + 18], name);
        }
    };
    let [left, right] = [60, 360];
    row([left, 34], ["b₁", "b₂", "b₃"], BLUE);
    row([right, 34], ["Σ g₁", "Σ g₂", "Σ g₃"], RED);
    for i in 0..4 {
        row([left, 122 + CELL[1] * i], ["b₁", "b₂", "b₃"], INK);
        row([right, 122 + CELL[1] * i], ["g₁", "g₂", "g₃"], RED);
    }
    drawing.text([left + 69, 20], "forward: bias [3]");
    drawing.colored_arrow([left + 69, 66], [left + 69, 116], BLUE);
    drawing.text([left + 104, 96], "copy");
    drawing.text([left + 69, 246], "read as [4, 3]");
    drawing.text([right + 69, 20], "backward: gradient [3]");
    drawing.colored_arrow([right + 69, 116], [right + 69, 66], RED);
    drawing.text([right + 100, 96], "sum");
    drawing.text([right + 69, 246], "gradient [4, 3]");
    drawing.finish()
}

/// Encoder, nearest code, decoder; the gradient skips the choice.
pub fn vq_vae() -> String {
    let mut drawing = Drawing::new(680, 236);
    let mut boxed = |[x, y]: [i32; 2], width: i32, words: &str, color: &str| {
        drawing.rect([x, y], [width, 44], 6, color);
        drawing.text([x + width / 2, y + 27], words);
    };
    boxed([70, 90], 96, "encoder", BLUE);
    boxed([256, 90], 128, "nearest code", INK);
    boxed([474, 90], 96, "decoder", BLUE);
    boxed([256, 10], 128, "codes e₁ … e_K", BLUE);
    for (from, to) in [([40, 112], 70), ([166, 112], 256), ([384, 112], 474), ([570, 112], 620)] {
        drawing.arrow(from, [to, 112]);
    }
    drawing.arrow([320, 54], [320, 90]);
    for (x, words) in [(28, "x"), (210, "z"), (428, "q = e_i"), (634, "x̂")] {
        drawing.text([x, if (100..600).contains(&x) { 104 } else { 116 }], words);
    }
    drawing.text([428, 132], "index i");
    drawing.colored_arrow([620, 158], [428, 158], RED);
    drawing.colored_arrow([428, 158], [118, 158], RED);
    drawing.text([524, 178], "g = ∂L/∂q");
    drawing.text([272, 178], "the same g, handed to z");
    drawing.text([320, 210], "codebook loss: e_i moves to z;  commitment loss: z moves to e_i");
    drawing.finish()
}

/// Three residual levels: for values one is attached to z, for losses all of them.
pub fn two_paths() -> String {
    let mut drawing = Drawing::new(640, 270);
    drawing.rect([20, 104], [92, 44], 6, BLUE);
    drawing.text([66, 131], "latent z");
    for l in 0..3 {
        let y = 20 + 84 * l;
        drawing.rect([270, y], [120, 44], 6, INK);
        drawing.text([330, y + 27], &format!("level {}", l + 1));
        drawing.arrow([390, y + 22], [510, 126]);
        drawing.colored_arrow([270, y + 30], [112, 134], RED);
    }
    drawing.colored_arrow([270, 36], [112, 118], BLUE);
    drawing.rect([510, 104], [110, 44], 6, BLUE);
    drawing.text([565, 131], "q = Σ q_l");
    drawing.text([140, 44], "values: g, once");
    drawing.text([120, 236], "losses: every level");
    drawing.finish()
}

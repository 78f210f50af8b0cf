//! The work whose time is compared with other libraries, and the names by which their programs print it.

pub mod quantizing;
pub mod step;

use gradbook::autograd::{Conv1dSpec, Rng, Tape, Tensor};
use ndarray_rand::{
    rand::{SeedableRng, distr::Distribution},
    rand_distr::StandardNormal,
};

use step::Setup;

/// Something to do again and again.
pub type Work = Box<dyn FnMut() + Send>;

/// A row of the table of speed.
pub struct Row {
    /// What is done.
    pub figure: &'static str,
    /// How many operations that is: the figure is the time of one.
    pub operations: usize,
    /// Prepares it.
    pub ours: fn() -> Work,
    #[allow(dead_code, reason = "only the table compares")]
    /// How the programs of [`PEERS`] name the same work; empty if they cannot do it, or not rightly.
    pub peers: [&'static str; PEERS.len()],
}

/// The columns of others.
#[allow(dead_code, reason = "only the table compares")]
pub const PEERS: [&str; 4] =
    ["PyTorch with VQP; faiss", "PyTorch, own VQ, fused Adam", "candle 0.11", "burn-flex 0.22"];

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.figure)
    }
}

/// The rows of the table.
pub static ROWS: [Row; 10] = [
    Row {
        figure: "VQ-VAE step, 16 × 32 frames",
        operations: 1,
        ours: || step::step(Setup::default()),
        peers: [
            "vqvae_step B=16 T=32",
            "vqvae_step B=16 T=32 [own VQ, fused Adam]",
            "candle vqvae_step B=16 T=32 [unfold+matmul]",
            "burn vqvae_step B=16 T=32",
        ],
    },
    Row {
        figure: "the same, 64 × 32",
        operations: 1,
        ours: || step::step(Setup { batch: 64, ..Setup::default() }),
        peers: [
            "vqvae_step B=64 T=32",
            "vqvae_step B=64 T=32 [own VQ, fused Adam]",
            "candle vqvae_step B=64 T=32 [unfold+matmul]",
            "burn vqvae_step B=64 T=32",
        ],
    },
    Row {
        figure: "the same, 16 × 256",
        operations: 1,
        ours: || step::step(Setup { frames: 256, ..Setup::default() }),
        peers: [
            "vqvae_step B=16 T=256",
            "vqvae_step B=16 T=256 [own VQ, fused Adam]",
            "candle vqvae_step B=16 T=256 [unfold+matmul]",
            "burn vqvae_step B=16 T=256",
        ],
    },
    Row {
        figure: "conv1d 16 × 32, 256 → 256, 3 taps, forward and backward",
        operations: 1,
        ours: conv1d,
        peers: [
            "conv1d 16x256x32 -> 256 k3 fwd+bwd",
            "",
            "candle conv1d 16x256x32 -> 256 k3 fwd+bwd [unfold+matmul]",
            "burn conv1d 16x256x32 -> 256 k3 fwd+bwd",
        ],
    },
    Row {
        figure: "nearest code, 65,536 × 64, 1,024 codes",
        operations: 1,
        ours: || quantizing::search(65_536, 64, 1024),
        peers: [
            "nearest-code 65536x64 K=1024 [faiss]",
            "",
            "candle nearest-code 65536x64 K=1024 [chunks of 2048]",
            "burn nearest-code 65536x64 K=1024 [chunks of 2048]",
        ],
    },
    Row {
        figure: "nearest code, 512 × 128, 512 codes",
        operations: 1,
        ours: || quantizing::search(512, 128, 512),
        peers: [
            "nearest-code 512x128 K=512 [faiss]",
            "",
            "candle nearest-code 512x128 K=512",
            "burn nearest-code 512x128 K=512",
        ],
    },
    Row {
        figure: "EMA-VQ in training, 512 × 128, 512 codes",
        operations: 1,
        ours: || quantizing::training(512, 512, 1),
        peers: ["nearest-code 512x128 K=512 [library, train]", "", "", ""],
    },
    Row {
        figure: "residual VQ in training, 8 levels, 4,096 × 128, 1,024 codes",
        operations: 1,
        ours: || quantizing::training(4096, 1024, 8),
        peers: ["rvq8 train 4096x128 K=1024", "", "", ""],
    },
    Row {
        figure: "k-means, 65,536 × 64, 512 centers, 10 rounds",
        operations: 1,
        ours: quantizing::kmeans,
        peers: ["kmeans 65536x64 K=512 10 it [faiss]", "", "", ""],
    },
    Row {
        figure: "an op on four numbers, forward and backward",
        operations: 2000,
        ours: tiny_ops,
        peers: ["tiny ops 2000 fwd+bwd", "", "candle tiny ops 2000 fwd+bwd", "burn tiny ops 2000 fwd+bwd"],
    },
];

/// Standard normal numbers in a fixed order.
pub fn normal(shape: &[usize], seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng)))
}

fn conv1d() -> Work {
    let [x, w, bias, g] = [&[16, 32, 256][..], &[3, 256, 256], &[256], &[16, 32, 256]].map(|s| normal(s, 3));
    let spec = Conv1dSpec { pad_left: 1, pad_right: 1, winograd: true, ..Conv1dSpec::default() };
    Box::new(move || {
        let tape = Tape::new();
        let [x, w, bias] = [&x, &w, &bias].map(|value| tape.var(value.clone()));
        std::hint::black_box(x.conv1d(w, Some(bias), spec).backward_with(g.clone()));
    })
}

fn tiny_ops() -> Work {
    let x = normal(&[4], 8);
    Box::new(move || {
        let tape = Tape::new();
        let x = tape.var(x.clone());
        let y = (0..1000).fold(x, |y, _| y * 1.0001 + 0.1);
        std::hint::black_box(y.sum_all().backward());
    })
}

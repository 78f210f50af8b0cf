//! What a profiler's list of functions comes to, part by part:
//!
//! ```sh
//! perf record -F 2999 -o step.perf target/release/examples/speed work step 1000
//! perf report -i step.perf --sort symbol --stdio | cargo run --release --example speed -- account
//! ```

use std::io::{Lines, StdinLock};

/// Parts of a step and how their functions are called; the first that fits counts. `pulp` compiles a loop for several kinds
/// of processors, and the profiler has its name for all such loops.
const PARTS: [(&str, &[&str]); 6] = [
    ("matrix products", &["microkernel", "gemm_basic", "each_block"]),
    ("packing for them", &["gemm_common", "pack_"]),
    (
        "loops for wide vectors: lifting and lowering, nearest codes, optimizer",
        &["pulp", "arrays::conv", "gradbook_vq", "gradbook_nn::shard", "gradbook_nn::optim"],
    ),
    ("fresh pages, system calls", &["[k]"]),
    ("allocation, copies", &["malloc", "free", "mem"]),
    ("elementwise operations, sums, the tape", &["gradbook_autograd", "gradbook_arrays", "ndarray"]),
];

/// Prints the share of each part in lines `12.34%  [.] name`.
pub fn print(lines: Lines<StdinLock<'_>>) {
    let mut shares = [0.0; PARTS.len() + 1];
    for line in lines.map_while(Result::ok) {
        let Some((percent, name)) = line.trim().split_once('%') else { continue };
        let Ok(percent) = percent.parse::<f64>() else { continue };
        let fits = |(_, names): &(&str, &[&str])| names.iter().any(|part| name.contains(part));
        shares[PARTS.iter().position(fits).unwrap_or(PARTS.len())] += percent;
    }
    println!("| part | share |\n|---|---:|");
    for ((part, _), share) in PARTS.iter().chain([&("everything else", &[][..])]).zip(shares) {
        println!("| {part} | {share:.1} % |");
    }
}

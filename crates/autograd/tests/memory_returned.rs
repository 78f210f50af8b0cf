//! Memory goes back: a tape that was long once, shapes that were met once, lengths that ever change. Alone in its process,
//! for what it measures is the process.

use gradbook_autograd::{Shape, Tape, Tensor};

/// Megabytes in memory, where the system tells.
fn resident() -> Option<usize> {
    let pages: usize =
        std::fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages / 256)
}

#[test]
fn what_was_needed_once_is_not_kept() {
    let Some(before) = resident() else { return };
    let grown = || resident().expect("told before").saturating_sub(before);

    let long = {
        let tape = Tape::<f64>::new();
        let x = tape.scalar(1.0);
        let _y = (0..300_000).fold(x, |y, _| y + 1.0);
        grown()
    };
    assert!(long > 40, "{long} MB for 300,000 nodes: this test measures nothing");
    let kept = grown();
    assert!(kept < 16, "{kept} MB of {long} are kept after the tape is gone");

    // A service that sees a million different lengths.
    let sizes: usize = (0..1_000_000).map(|length| Shape::new(&[2, length, 3]).size() / 6).sum();
    assert_eq!(sizes, 999_999 * 500_000);
    // And works on batches of 4 MB, each of another length.
    for length in (1_000_000_u32..2_000_000).step_by(10_000) {
        let tape = Tape::<f32>::new();
        let x = tape.constant(Tensor::filled([length as usize], 1.0));
        assert_eq!((x + x).sum_all().item(), 2.0 * f64::from(length));
    }
    let kept = grown();
    assert!(kept < 64, "{kept} MB are kept, where 24 are needed at once");
}

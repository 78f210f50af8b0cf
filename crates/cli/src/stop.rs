//! Ctrl-C: the first asks the run to save and stop, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// The exit code of an interrupted run.
pub const INTERRUPTED: u8 = 130;

/// The flag that Ctrl-C raises.
pub fn flag() -> &'static AtomicBool {
    // A second handler is refused, and then the first does the same.
    _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
    &STOP
}

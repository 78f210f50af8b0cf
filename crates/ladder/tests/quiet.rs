//! Panics while a judge listens go into its finding; all others are told as usual. Alone in its program, since the hook
//! that tells of panics is the program's.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
};

use gradbook_ladder::rungs::r01_chain_rule;

static TOLD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_judge_keeps_the_usual_message_and_backtrace_for_panics_that_are_not_its_own() {
    panic::set_hook(Box::new(|_| _ = TOLD.fetch_add(1, Ordering::Relaxed)));
    r01_chain_rule::judge(|_, _| panic!("in a rung")).expect_err("it panics");
    assert_eq!(TOLD.load(Ordering::Relaxed), 0);
    panic::catch_unwind(|| panic!("elsewhere")).expect_err("it panics");
    assert_eq!(TOLD.load(Ordering::Relaxed), 1);
}

//! Work that is shared out, or kept.

use std::{collections::HashSet, sync::Mutex, thread};

use gradbook_arrays::{Tensor, alone, at_least, each_block, join};

fn on<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(work)
}

#[test]
fn every_block_is_visited_once_the_last_one_shorter() {
    for (len, block) in [(0, 3), (1, 3), (3, 3), (10, 3), (1000, 7)] {
        for work in [1, 1 << 22] {
            let mut seen = vec![0; len];
            each_block(&mut seen, block, work, |i, out| {
                assert_eq!(out.len(), block.min(len - i * block));
                out.iter_mut().enumerate().for_each(|(k, x)| *x += i * block + k + 1);
            });
            assert_eq!(seen, (1..=len).collect::<Vec<_>>());
        }
    }
}

/// The threads that blocks of work ran on. Each waits until another has come, if others are expected.
fn threads_of(blocks: usize, work: usize) -> usize {
    let seen = Mutex::new(HashSet::new());
    each_block(&mut vec![0; blocks], 1, work, |_, _| {
        seen.lock().expect("unspoiled").insert(thread::current().id());
        thread::sleep(std::time::Duration::from_millis(2));
    });
    seen.into_inner().expect("unspoiled").len()
}

#[test]
fn only_much_work_is_shared_out_and_none_of_one_who_is_alone() {
    on(2, || {
        assert_eq!(threads_of(50, 1 << 15), 1); // 1.6 million multiplications
        assert_eq!(threads_of(100, 1 << 15), 2); // 3.3 million
        assert_eq!(alone(|| threads_of(100, 1 << 15)), 1);
        assert_eq!(threads_of(100, 1 << 15), 2); // until then
    });
}

/// An element costs 8 multiplications, and a task takes 2¹⁵ of them: eight tasks are worth two threads.
#[test]
fn loops_over_elements_are_shared_out_from_eight_tasks_on() {
    let threads = |elements: usize| {
        let (x, seen) = (Tensor::<f64>::zeros([elements]), Mutex::new(HashSet::new()));
        let note = |y: f64| {
            if seen.lock().expect("unspoiled").insert(thread::current().id()) {
                thread::sleep(std::time::Duration::from_millis(20));
            }
            y
        };
        on(2, || {
            x.map(note);
            x.zip(&x, |x, _| note(x));
            let mut y = x.clone();
            y.map_assign(note);
            y.zip_assign(&x, |y, _| note(y));
        });
        seen.into_inner().expect("unspoiled").len()
    };
    assert_eq!(threads(7 << 15), 1);
    assert_eq!(threads(8 << 15), 2);
}

#[test]
fn one_who_is_alone_does_both_tasks_in_order() {
    on(2, || {
        let order = Mutex::new(Vec::new());
        let note = |what| order.lock().expect("unspoiled").push((what, thread::current().id()));
        let me = thread::current().id();
        assert_eq!(alone(|| join(|| (note("left"), 1).1, || (note("right"), 2).1)), (1, 2));
        assert_eq!(order.into_inner().expect("unspoiled"), [("left", me), ("right", me)]);
        assert_eq!(join(|| 1, || 2), (1, 2));
    });
}

#[test]
fn being_alone_ends_with_the_work_also_by_a_panic() {
    assert_eq!(at_least(5), 5);
    alone(|| {
        assert_eq!(at_least(5), usize::MAX);
        alone(|| ());
        assert_eq!(at_least(5), usize::MAX);
    });
    let _ = std::panic::catch_unwind(|| alone(|| panic!("on purpose")));
    assert_eq!(at_least(5), 5);
}

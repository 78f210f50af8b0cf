//! Work on all parameters at once: cut into pieces by shape alone, and shared out to all threads if it is enough.

use rayon::prelude::*;

/// A piece has at most this many elements.
pub(crate) const CHUNK: usize = 1 << 14;
/// Fewer elements than this stay on one thread.
const WORTH_A_THREAD: usize = 1 << 16;

/// Does the `work` of every piece, of so many elements each.
pub(crate) fn each_piece<P: Send>(pieces: Vec<P>, len: impl Fn(&P) -> usize, work: impl Fn(P) + Send + Sync) {
    if pieces.iter().map(len).sum::<usize>() < WORTH_A_THREAD {
        pieces.into_iter().for_each(work);
    } else {
        pieces.into_par_iter().for_each(work);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Mutex, thread, time::Duration};

    use super::*;

    #[test]
    fn from_65_536_elements_on_pieces_go_to_all_threads() {
        let threads = |pieces: Vec<usize>| {
            let (seen, count) = (Mutex::new((HashSet::new(), 0)), pieces.len());
            let work = |_| {
                let mut seen = seen.lock().expect("unspoiled");
                (_, seen.1) = (seen.0.insert(thread::current().id()), seen.1 + 1);
                drop(seen);
                thread::sleep(Duration::from_millis(2));
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
            pool.install(|| each_piece(pieces, |len| *len, work));
            let (threads, done) = seen.into_inner().expect("unspoiled");
            assert_eq!(done, count, "every piece is done");
            threads.len()
        };
        assert_eq!(threads(vec![CHUNK; 3]), 1);
        assert_eq!(threads([vec![1023; 64], vec![63]].concat()), 1); // 65,535
        assert_eq!(threads(vec![1024; 64]), 2);
        assert_eq!(threads(vec![2048; 64]), 2);
    }
}

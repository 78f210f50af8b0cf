//! Seeding: codes from latents by k-means, or the codes that were learned so far where these are the better start.

use gradbook_autograd::{ParamStore, Real, Stream, Tape, Tensor};

use super::book::Codebook;
use crate::{
    Codewords,
    balance::balance,
    conscience::even_out,
    kinds::require_finite,
    kmeans::{Start, inertia, kmeans, make_distinct},
};

/// Rounds of Lloyd's algorithm when seeding.
const SEEDING_ROUNDS: usize = 20;
/// Rounds with a conscience after that, if cells shall have a least size.
const EVENING_ROUNDS: usize = 40;
/// Rounds of it that learned codes get before they are compared with fresh ones.
const SETTLING_ROUNDS: usize = 5;

impl Codebook {
    /// Every code begins anew at a center of the latents `[row, channel]`.
    pub(super) fn seed<T: Real>(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        require_finite("codebook", latents);
        let rows = {
            let tape = Tape::new();
            self.compared(tape.constant(latents.clone())).value()
        };
        let mut rng = stream.next_use();
        let fresh = kmeans(&rows, self.len(store), SEEDING_ROUNDS, Start::PlusPlus, &mut rng).centers;
        // Codes that have been learned already are often the better start.
        let mut learned = self.values(store);
        balance(&rows, &mut learned, 0.0, SETTLING_ROUNDS, &mut rng);
        let better = inertia(&rows, &learned) < inertia(&rows, &fresh);
        let mut found = if better { learned } else { fresh };
        if self.config.min_share > 0.0 {
            balance(&rows, &mut found, self.config.min_share, SEEDING_ROUNDS, &mut rng);
            even_out(&rows, &mut found, EVENING_ROUNDS);
        }
        make_distinct(&mut found, &rows, &mut rng);
        let width = self.width(store);
        let all: Vec<(usize, &[T])> = found.as_slice().chunks(width).enumerate().collect();
        self.set_rows(store, &all);
    }
}

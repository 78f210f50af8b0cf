//! [`Window`]: what happened to the codes of a codebook over some training steps.

use gradbook_autograd::{Real, Stats};
use serde::{Deserialize, Serialize};

use super::Usage;
use crate::{Absorbed, Codewords};

/// The use of each code over the training steps since the window was begun, from the statistics that forward passes
/// report anyway. Plain data that is kept beside the store; a step costs O(K).
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Stream, Tape, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::{QuantizerConfig, diagnostics::Window};
/// let config: QuantizerConfig = toml::from_str("kind = \"codebook\"\ncodes = 4").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(1, &mut Scope::new(&mut store, 0)).unwrap();
/// let mut window = Window::default();
/// for step in 0..3 {
///     let stats = {
///         let tape = Tape::new();
///         let g = Graph::train(&tape, &store).with_stream(Stream::new(0, step, 0));
///         q.quantize(&g, tape.constant(Tensor::filled([5, 1], 0.5)).into());
///         g.take_stats()
///     };
///     let absorbed = q.absorb(&mut store, &stats, &Stream::new(0, step, 1));
///     window.observe(q.codebooks()[0].codebook, &stats, &absorbed);
/// }
/// assert_eq!((window.steps, window.usage().alive(), window.hits.iter().sum::<u64>()), (3, 1, 15));
/// assert_eq!(window.dead_ages(), [3, 3, 3]); // the other three have not been chosen for 3 steps
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The steps of the window.
    pub steps: u64,
    /// How often each code was chosen in the window.
    pub hits: Vec<u64>,
    /// For how many steps each code has not been chosen, windows before this one included.
    pub idle: Vec<u64>,
    /// How many codes were respawned in the window.
    pub respawned: u64,
}

impl Window {
    /// Adds a step: the statistics that its forward passes reported, and what absorbing them changed. A step in which
    /// the codebook took no part, as quantizer dropout may have it, is one without hits.
    pub fn observe<T: Real>(&mut self, book: &dyn Codewords<T>, stats: &Stats<T>, absorbed: &Absorbed) {
        let hits = book.hits(stats).unwrap_or_default();
        let codes = self.hits.len().max(hits.len()); // it may have grown
        self.hits.resize(codes, 0);
        self.idle.resize(codes, 0);
        self.idle.iter_mut().for_each(|steps| *steps += 1);
        for ((total, idle), &hits) in self.hits.iter_mut().zip(&mut self.idle).zip(hits) {
            *total += hits;
            if hits > 0 {
                *idle = 0;
            }
        }
        let own = absorbed.overwritten.iter().filter(|(id, _)| *id == book.parameter());
        self.respawned += own.map(|(_, codes)| codes.len() as u64).sum::<u64>();
        self.steps += 1;
    }

    /// Alive codes, perplexity and entropy in the window.
    pub fn usage(&self) -> Usage {
        let used = self.hits.iter().enumerate().filter(|(_, hits)| **hits > 0);
        Usage { codes: self.hits.len() as u64, counts: used.map(|(k, &hits)| (k as u64, hits)).collect() }
    }

    /// The age of each code that is dead in the window: for how many steps it has not been chosen.
    pub fn dead_ages(&self) -> Vec<u64> {
        self.hits.iter().zip(&self.idle).filter(|(hits, _)| **hits == 0).map(|(_, &idle)| idle).collect()
    }

    /// The share of the codebook that is respawned per step.
    pub fn churn(&self) -> f64 {
        self.respawned as f64 / (self.steps * self.hits.len() as u64).max(1) as f64
    }

    /// Begins a new window. Codes stay as old as they are.
    pub fn restart(&mut self) {
        (self.steps, self.respawned) = (0, 0);
        self.hits.fill(0);
    }
}

//! A quantizer of your own, in one file: each channel is rounded to a multiple of a step that is learned. The contract
//! tells whether it keeps what all quantizers promise.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Tensor, Var};
use gradbook_nn::{Init, Scope};
use gradbook_vq::{
    Codes, Latent, Loss, Passage, Quantized, Quantizer, SKIPPED,
    contract::{PROPERTIES, Subject, check},
};

/// Multiples −M … M of the step.
const MOST: i64 = 3;

/// q = s·k with k = round(z/s), at most M away from 0. ∂L/∂z = ∂L/∂q, and s learns from the error: ∂(s·k − z)²/∂s = 2k(s·k − z).
struct LearnedStep {
    step: ParamId,
}

impl<T: Real> Quantizer<T> for LearnedStep {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.step).shape()[0]
    }

    // A slot per channel. With no codebooks to count them by, the number of slots must be given: see `slots`.
    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![2 * MOST as u64 + 1; self.dim(store)]
    }

    fn slots(&self) -> usize {
        CHANNELS
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("learned_step", self.dim(g.store())).finite("learned_step");
        let (rows, steps) = (z.value.value(), g.store().get(self.step).as_slice());
        let multiple =
            |(x, s): (&T, &T)| (x.to_f64() / s.to_f64()).round().clamp(-MOST as f64, MOST as f64) as i64;
        let column = |channel: usize| {
            let channel_of = rows.as_slice().iter().skip(channel).step_by(steps.len());
            channel_of.map(|x| (multiple((x, &steps[channel])) + MOST) as u64).collect()
        };
        let codes = Codes::new((0..steps.len()).map(column).collect(), self.radices(g.store()));
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        let losses = vec![
            Loss::new("commitment", (z.loss - q.detach()).square().mean_all() * 0.25),
            Loss::new("step", (q - z.loss.detach()).square().mean_all()),
        ];
        Quantized { values: z.value.straight_through(q).reshape(shape), codes, losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let (rows, channels) = (codes.column(0).len(), codes.slots());
        let multiples = Tensor::build([rows, channels], |out| {
            for (cell, k) in out.iter_mut().enumerate() {
                let code = codes.column(cell % channels)[cell / channels];
                *k = if code == SKIPPED { T::ZERO } else { T::of((code as i64 - MOST) as f64) };
            }
        });
        g.tape().constant(multiples) * g.param(self.step)
    }

    fn passage(&self) -> Passage {
        Passage::Identity
    }
}

const CHANNELS: usize = 4;

struct Mine;

impl Subject for Mine {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        Box::new(LearnedStep { step: scope.parameter("step", [dim], Init::Constant(0.5)) })
    }
}

fn main() {
    let report = check(&Mine, CHANNELS, 1).unwrap_or_else(|violation| panic!("{violation}"));
    for number in report.held {
        let sentence = PROPERTIES.iter().find(|(n, _)| *n == number).map_or("", |(_, sentence)| sentence);
        println!("{number:2} holds: {sentence}");
    }
    for (number, why) in report.skipped {
        println!("{number:2} does not apply: {why}");
    }
}

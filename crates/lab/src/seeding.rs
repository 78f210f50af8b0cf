//! Seeding in training: codes are fitted by k-means to latents of many encoder passes.

use gradbook_autograd::{Graph, Stream, Tape, Tensor};
use rayon::prelude::*;

use crate::{Error, Seeding, Training, data, train::AFTER};

/// Keys the crops from which codes are seeded.
const SEEDING: u64 = 1 << 40;

impl Training<'_> {
    /// Seeds the codes if it is time: when the quantizer starts, and at the steps of `train.seeding.again`.
    pub(crate) fn seed(&mut self) -> Result<(), Error> {
        let train = &self.recipe.train;
        let due = |seeding: &Seeding| self.step == train.warmup || seeding.again.contains(&self.step);
        let seeding = train.seeding.as_ref().filter(|seeding| self.quantizing() && due(seeding));
        let (Some(seeding), Some(quantizer)) = (seeding, &self.model.quantizer) else { return Ok(()) };
        let latents = self.latents(seeding)?;
        if latents.as_slice().iter().any(|x| !x.is_finite()) {
            let found = self.diagnose(&self.windows).map(Box::new);
            return Err(Error::Diverged { step: self.step, found, checkpoint: None });
        }
        let before = self.store.clone();
        quantizer.seed(&mut self.store, &latents, &Stream::new(train.seed, self.step, AFTER - 1));
        self.overwritten_since(&before);
        Ok(())
    }

    /// Latents `[row, channel]` of training frames, neighbors in time being neighbors in the rows. Frames are read as they
    /// are encoded, a batch on each thread: a corpus on disk stays there.
    fn latents(&self, seeding: &Seeding) -> Result<Tensor<f32>, Error> {
        let (train, clips) = (&self.recipe.train, &self.corpus.train);
        let per_crop = train.crop / self.model.stride();
        let encode = |x: Tensor<f32>| {
            let tape = Tape::new();
            self.model.encode(&Graph::eval(&tape, &self.store), tape.constant(x)).value().as_slice().to_vec()
        };
        let rows = if seeding.windows {
            let all = data::places(clips, train.crop);
            let (there, wanted) = (all.len(), seeding.latents.div_ceil(per_crop));
            // A share of all windows, evenly spread.
            let some = (0..there).filter(|i| i * wanted / there != (i + 1) * wanted / there);
            let chosen: Vec<_> = some.map(|i| all[i]).collect();
            let part = |places: &[_]| data::crops(clips, places, train.crop).map(encode);
            chosen.par_chunks(train.batch).with_max_len(1).map(part).collect::<Result<Vec<_>, _>>()?
        } else {
            let key = |i| SEEDING + (self.step << 16) + i;
            let draw = |i| data::batch(clips, train.batch, train.crop, train.seed, key(i), train.crops);
            let batches = seeding.latents.div_ceil(train.batch * per_crop);
            let part = |i| draw(i as u64).map(encode);
            (0..batches).into_par_iter().with_max_len(1).map(part).collect::<Result<Vec<_>, _>>()?
        };
        let rows = rows.concat();
        Ok(Tensor::new([rows.len() / self.model.latent(), self.model.latent()], rows))
    }
}

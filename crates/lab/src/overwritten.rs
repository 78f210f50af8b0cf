//! What happens to codes happens to all that is known about them: the one place that tells every state with rows of its own
//! (the optimizer's moments, the averaged weights) that rows of the parameters were overwritten, or have other shapes. Ages,
//! hits and moving averages of a codebook are its own, and it sees to them when it is seeded, respawned or grown.

use gradbook_autograd::{ParamId, ParamStore};
use gradbook_vq::Absorbed;

use crate::{Error, Training, events};

impl Training<'_> {
    /// Codes were respawned: they begin anew.
    pub(crate) fn respawned(&mut self, absorbed: &Absorbed) {
        absorbed.overwritten.iter().for_each(|(id, rows)| self.begin_anew(*id, rows));
        self.respawned += absorbed.respawned;
    }

    /// Parameters that are not what they were `before` an event, seeding for example, begin anew, row by row.
    pub(crate) fn overwritten_since(&mut self, before: &ParamStore<f32>) {
        let all: Vec<ParamId> = self.store.trainable().collect();
        for id in all {
            let (old, new) = (before.get(id), self.store.get(id));
            let width = new.as_slice().len() / new.shape().first().copied().unwrap_or(1).max(1);
            let pairs = old.as_slice().chunks(width.max(1)).zip(new.as_slice().chunks(width.max(1)));
            let rows: Vec<usize> =
                pairs.enumerate().filter(|(_, (old, new))| old != new).map(|(row, _)| row).collect();
            if !rows.is_empty() {
                self.begin_anew(id, &rows);
            }
        }
    }

    fn begin_anew(&mut self, id: ParamId, rows: &[usize]) {
        self.optimizer.reset_rows(id, rows);
        if let Some(average) = &mut self.average {
            average.overwrite_rows(id, rows, &self.store);
        }
    }

    /// What changes parameters before `step`: the weights, their averages in the same way and with the same noise, and the
    /// optimizer's moments. Also brings a fresh model to the shapes of a checkpoint.
    pub(crate) fn happen(&mut self, step: u64) -> Result<(), Error> {
        if !events::due(&self.recipe, &self.growing, step) {
            return Ok(());
        }
        let averaged = self.average.as_mut().map(|average| {
            let mut averaged = self.store.clone();
            average.swap(&mut averaged);
            averaged
        });
        let happen = |store: &mut ParamStore<f32>| {
            events::happen(&self.recipe, &self.growing, &self.model, store, step)
        };
        let mut store = std::mem::take(&mut self.store);
        let changed = happen(&mut store);
        let averaged = averaged.map(|mut averaged| happen(&mut averaged).map(|_| averaged)).transpose();
        self.store = store;
        if let (Some(average), Some(averaged)) = (&mut self.average, averaged?) {
            average.replace(&averaged);
        }
        if let Some(changed) = changed? {
            let all: Vec<_> = self.store.trainable().collect();
            all.into_iter().for_each(|id| self.optimizer.resize(id, &self.store));
            self.respawned(&changed);
        }
        Ok(())
    }
}

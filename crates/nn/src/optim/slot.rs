//! The moments of one parameter, and the number of updates that each of its rows has seen.

use gradbook_autograd::{Real, Shape, Tensor, mismatch};

use super::{
    CHUNK, Method, Rule,
    rule::{self, Piece},
};
use crate::Value;

#[derive(Clone, Debug)]
pub(super) struct Slot<T: Real> {
    name: String,
    shape: Shape,
    rule: Rule,
    moments: Vec<(&'static str, Tensor<T>)>,
    /// Updates seen: one number for all rows, until rows are reset; then one per row.
    ages: Vec<u64>,
}

impl<T: Real> Slot<T> {
    pub fn new(name: &str, shape: &Shape, rule: Rule) -> Self {
        let rule = Rule { method: rule.method.of_rank(shape.len()), ..rule };
        let moments = rule::moments(&rule.method).iter().map(|name| (*name, Tensor::zeros(*shape))).collect();
        Self { name: name.to_string(), shape: *shape, rule, moments, ages: vec![0] }
    }

    fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Cuts the parameter into pieces of one age and at most [`CHUNK`] elements, if its elements move each for itself,
    /// and counts the update.
    #[track_caller]
    pub fn cut<'a>(
        &'a mut self,
        theta: &'a mut Tensor<T>,
        g: &'a Tensor<T>,
        rate: f64,
        pieces: &mut Vec<Piece<'a, T>>,
    ) {
        if *theta.shape() != self.shape || *g.shape() != self.shape {
            mismatch(
                "optimizer",
                &format!("`{}` changed its shape", self.name),
                &[
                    ("moments", &self.shape, ""),
                    ("parameter", theta.shape(), ""),
                    ("gradient", g.shape(), ""),
                ],
                "call `resize` when a parameter grows",
            );
        }
        let row = self.shape.size() / self.rows().max(1);
        let columns = self.shape.last().copied().unwrap_or(1);
        let Rule { method, rate_factor, decay } = self.rule;
        let Self { moments, ages, .. } = self;
        ages.iter_mut().for_each(|age| *age += 1);
        let size = self.shape.size();
        let (whole, most) = match method {
            Method::Muon { .. } => (true, size),
            _ => (ages.len() == 1, CHUNK),
        };
        let runs = ages.chunk_by(|a, b| whole || a == b);
        let runs = runs.map(|run| (run[0], if whole { size } else { run.len() * row }));
        let (mut theta, mut g) = (theta.as_mut_slice(), g.as_slice());
        let mut rest: [&mut [T]; 3] = Default::default();
        rest.iter_mut().zip(moments).for_each(|(rest, (_, moment))| *rest = moment.as_mut_slice());
        for (t, mut left) in runs {
            while left > 0 {
                let n = left.min(most);
                left -= n;
                let take = |from: &mut &'a mut [T]| {
                    let n = n.min(from.len()); // a method without this moment has nothing to take
                    from.split_off_mut(..n).expect("no longer than what is left")
                };
                let (theta, moments) = (take(&mut theta), rest.each_mut().map(take));
                let g = g.split_off(..n).expect("as long as the parameter");
                let rate = rate * rate_factor;
                pieces.push(Piece { theta, g, moments, t, rate, decay, method, columns });
            }
        }
    }

    #[track_caller]
    pub fn reset_rows(&mut self, rows: &[usize]) {
        let count = self.rows();
        if let Some(row) = rows.iter().find(|row| **row >= count) {
            let what = format!("there is no row {row} in `{}`", self.name);
            mismatch("optimizer", &what, &[("parameter", &self.shape, "")], "reset rows that exist");
        }
        if self.ages.len() == 1 {
            self.ages = vec![self.ages[0]; count];
        }
        let width = self.shape.size() / count.max(1);
        for &row in rows {
            self.ages[row] = 0;
            for (_, moment) in &mut self.moments {
                moment.as_mut_slice()[row * width..][..width].fill(T::ZERO);
            }
        }
    }

    pub fn resize(&mut self, shape: &Shape) {
        if *shape == self.shape {
            return;
        }
        let old_rows = self.rows();
        for (_, moment) in &mut self.moments {
            let mut grown = Tensor::zeros(*shape);
            if shape.len() == self.shape.len() {
                let common = |axis: ndarray::AxisDescription| {
                    let axis = axis.axis.index();
                    ndarray::Slice::from(..self.shape[axis].min(shape[axis]))
                };
                grown.view_mut().slice_each_axis_mut(common).assign(&moment.view().slice_each_axis(common));
            }
            *moment = grown;
        }
        let age = |row| if self.ages.len() == 1 { self.ages[0] } else { self.ages[row] };
        let rows = shape.first().copied().unwrap_or(1);
        self.ages = (0..rows).map(|row| if row < old_rows { age(row) } else { 0 }).collect();
        self.shape = *shape;
        self.settle();
    }

    /// One number is enough while all rows have the same age.
    fn settle(&mut self) {
        if self.ages.iter().all(|age| *age == self.ages[0]) {
            self.ages.truncate(1);
        }
    }

    /// The moments, then the ages, one per row.
    pub fn state(&self) -> impl Iterator<Item = (String, Value<T>)> + '_ {
        let moments = self.moments.iter().map(|(kind, moment)| (*kind, Value::Tensor(moment.clone())));
        let ages = if self.ages.len() == 1 { vec![self.ages[0]; self.rows()] } else { self.ages.clone() };
        moments
            .chain([("age", Value::Counts(ages))])
            .map(|(kind, value)| (format!("{kind}/{}", self.name), value))
    }

    /// Takes back what [`state`](Self::state) gave.
    pub fn set_state(&mut self, state: &mut impl Iterator<Item = Value<T>>) {
        for (_, moment) in &mut self.moments {
            if let Some(Value::Tensor(value)) = state.next() {
                *moment = value;
            }
        }
        if let Some(Value::Counts(ages)) = state.next() {
            self.ages = ages;
            self.settle();
        }
    }
}

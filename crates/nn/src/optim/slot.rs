//! The moments of one parameter, and the number of updates that each of its rows has seen.

use gradbook_autograd::{Real, Shape, Tensor, mismatch};

use super::{
    Method, Rule,
    rule::{self, Piece},
};
use crate::{Value, pieces::CHUNK};

#[derive(Clone, Debug)]
pub(super) struct Slot<T: Real> {
    name: String,
    shape: Shape,
    rule: Rule,
    moments: Vec<(&'static str, Tensor<T>)>,
    /// The updates that each row has seen.
    ages: Vec<u64>,
}

impl<T: Real> Slot<T> {
    pub fn new(name: &str, shape: &Shape, rule: Rule) -> Self {
        let rule = Rule { method: rule.method.of_rank(shape.len()), ..rule };
        let moments = rule::moments(&rule.method).iter().map(|name| (*name, Tensor::zeros(*shape))).collect();
        Self { name: name.to_string(), shape: *shape, rule, moments, ages: vec![0; rows(shape)] }
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
        let row = self.shape.size() / self.ages.len().max(1);
        let columns = self.shape.last().copied().unwrap_or(1);
        let Rule { method, rate_factor, decay } = self.rule;
        let Self { moments, ages, .. } = self;
        ages.iter_mut().for_each(|age| *age += 1);
        let whole = matches!(method, Method::Muon { .. });
        let most = if whole { self.shape.size() } else { CHUNK };
        let runs = ages.chunk_by(|a, b| whole || a == b).map(|run| (run[0], run.len() * row));
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
        let count = self.ages.len();
        if let Some(row) = rows.iter().find(|row| **row >= count) {
            let what = format!("there is no row {row} in `{}`", self.name);
            mismatch("optimizer", &what, &[("parameter", &self.shape, "")], "reset rows that exist");
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
        self.ages.resize(rows(shape), 0);
        self.shape = *shape;
    }

    /// The moments, then the ages, one per row.
    pub fn state(&self) -> impl Iterator<Item = (String, Value<T>)> + '_ {
        let moments = self.moments.iter().map(|(kind, moment)| (*kind, Value::Tensor(moment.clone())));
        moments
            .chain([("age", Value::Counts(self.ages.clone()))])
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
        }
    }
}

/// The length of the first axis; a scalar is a row.
fn rows(shape: &Shape) -> usize {
    shape.first().copied().unwrap_or(1)
}

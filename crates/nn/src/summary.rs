//! [`Summary`]: a model as a table: layers, shapes, parameters, multiply-adds.

use std::fmt;

use gradbook_autograd::{ParamStore, Real, Role, Shape};

use crate::{Layer, ShapeError};

/// What a model is made of and what it costs for one input shape.
///
/// ```
/// use gradbook_autograd::{ParamStore, Shape};
/// use gradbook_nn::{Activation, Linear, Scope, Sequential, Summary};
/// let mut store = ParamStore::<f32>::new();
/// let mut scope = Scope::new(&mut store, 0);
/// let net: Sequential<f32> = Sequential::new()
///     .then(Linear::new(&mut scope.at(0), 2, 16))
///     .then(Activation::Gelu)
///     .then(Linear::new(&mut scope.at(2), 16, 1));
/// let summary = Summary::new(&net, &store, &Shape::new(&[100, 2])).unwrap();
/// assert_eq!((summary.parameters(), summary.multiply_adds()), (65, 4_800));
/// assert_eq!(summary.to_string(), "\
/// name   layer           output     parameters  multiply-adds
/// 0      Linear(2 → 16)  [100, 16]          48          3 200
/// 1      Gelu            [100, 16]           0              0
/// 2      Linear(16 → 1)  [100, 1]           17          1 600
/// total                                     65          4 800
/// ");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// One row per layer that has no layers inside.
    pub rows: Vec<Row>,
}

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The path of the layer in the model.
    pub name: String,
    /// What it is.
    pub layer: String,
    /// The shape of its output.
    pub output: Shape,
    /// Learned numbers.
    pub parameters: usize,
    /// Multiplications with a following addition.
    pub multiply_adds: u64,
}

impl Summary {
    /// The summary of a model for an input shape.
    ///
    /// # Errors
    /// The first layer that cannot take what reaches it.
    pub fn new<T: Real>(
        model: &dyn Layer<T>,
        store: &ParamStore<T>,
        input: &Shape,
    ) -> Result<Self, ShapeError> {
        let mut summary = Self { rows: Vec::new() };
        summary.visit("", model, store, input)?;
        Ok(summary)
    }

    fn visit<T: Real>(
        &mut self,
        name: &str,
        layer: &dyn Layer<T>,
        store: &ParamStore<T>,
        input: &Shape,
    ) -> Result<(), ShapeError> {
        let output = layer.output_shape(input)?;
        let children = layer.children();
        if children.is_empty() {
            let learned = |id| store.entry(id).role == Role::Trainable;
            let sizes = layer.parameters().into_iter().map(|p| p.id).filter(|id| learned(*id));
            self.rows.push(Row {
                name: name.into(),
                layer: layer.describe(),
                output,
                parameters: sizes.map(|id| store.get(id).shape().size()).sum(),
                multiply_adds: layer.multiply_adds(input),
            });
        }
        let mut shape = *input;
        for (child, inside) in children {
            let path = if name.is_empty() { child } else { format!("{name}.{child}") };
            self.visit(&path, inside, store, &shape)?;
            shape = inside.output_shape(&shape)?;
        }
        Ok(())
    }

    /// Learned numbers in all.
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|row| row.parameters).sum()
    }

    /// Multiply-adds in all.
    pub fn multiply_adds(&self) -> u64 {
        self.rows.iter().map(|row| row.multiply_adds).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["name", "layer", "output", "parameters", "multiply-adds"].map(String::from);
        let total = (self.parameters() as u64, self.multiply_adds());
        let body = self.rows.iter().map(|row| {
            let (parameters, work) = (thousands(row.parameters as u64), thousands(row.multiply_adds));
            [row.name.clone(), row.layer.clone(), format!("{:?}", row.output), parameters, work]
        });
        let foot = ["total".into(), String::new(), String::new(), thousands(total.0), thousands(total.1)];
        let table: Vec<[String; 5]> = std::iter::once(head).chain(body).chain([foot]).collect();
        let width =
            |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(width);
        table.iter().try_for_each(|[name, layer, output, parameters, work]| {
            writeln!(f, "{name:a$}  {layer:b$}  {output:c$}  {parameters:>d$}  {work:>e$}")
        })
    }
}

/// Digits in groups of three.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

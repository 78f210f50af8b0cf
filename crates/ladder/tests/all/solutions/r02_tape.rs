//! Rung 2. The tape.
//!
//! Nobody wants to walk back by hand twice. A tape is a list to which every step of a computation is added: its value, the
//! places of its inputs, and a function from g, the gradient of its value, to the gradients of its inputs. `V` is what
//! flows through it: numbers here, arrays from rung 6 on.
//!
//! Three holes: `record`, and the functions of `mul` and `sin`. `add` shows the pattern.
//!
//! Book: chapter 2, "A scalar tape, complete".

use std::cell::RefCell;

/// From the gradient of a value to the gradients of its inputs, in their order.
pub type Backward<V> = Box<dyn Fn(&V) -> Vec<V>>;

/// One step.
pub struct Node<V> {
    pub value: V,
    /// Places on the tape.
    pub inputs: Vec<usize>,
    pub backward: Backward<V>,
}

/// All steps, in the order in which they were computed.
pub struct Tape<V> {
    pub nodes: RefCell<Vec<Node<V>>>,
}

/// A value, known by its place on the tape.
pub struct Var<'t, V> {
    pub tape: &'t Tape<V>,
    pub id: usize,
}

impl<V> Clone for Var<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Var<'_, V> {}

impl<V: Clone + 'static> Tape<V> {
    pub fn new() -> Self {
        Self { nodes: RefCell::new(Vec::new()) }
    }

    /// A value that was not computed from others.
    pub fn var(&self, value: V) -> Var<'_, V> {
        self.record(&[], value, |_| vec![])
    }

    /// Adds a step at the end, and returns its place.
    pub fn record(
        &self,
        inputs: &[Var<'_, V>],
        value: V,
        backward: impl Fn(&V) -> Vec<V> + 'static,
    ) -> Var<'_, V> {
        let inputs: Vec<usize> = inputs.iter().map(|x| x.id).collect();
        //< push a node; return where it stands
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, inputs, backward: Box::new(backward) });
        Var { tape: self, id: nodes.len() - 1 }
        //>
    }
}

impl<V: Clone> Var<'_, V> {
    pub fn value(self) -> V {
        self.tape.nodes.borrow()[self.id].value.clone()
    }
}

impl Var<'_, f64> {
    /// z = x + y
    pub fn add(self, y: Self) -> Self {
        self.tape.record(&[self, y], self.value() + y.value(), |g| vec![*g, *g])
    }

    /// z = x·y
    pub fn mul(self, y: Self) -> Self {
        let (xv, yv) = (self.value(), y.value());
        self.tape.record(&[self, y], xv * yv, move |g| {
            // g is ∂L/∂z.
            //< [∂L/∂x, ∂L/∂y]
            vec![g * yv, g * xv]
            //>
        })
    }

    /// y = sin x
    pub fn sin(self) -> Self {
        let xv = self.value();
        self.tape.record(&[self], xv.sin(), move |g| {
            // g is ∂L/∂y.
            //< [∂L/∂x]
            vec![g * xv.cos()]
            //>
        })
    }
}

//! The reverse sweep: walk the tape backwards, give each node the gradient of its output, collect what it hands back.

use std::ops::Index;

use crate::{
    NonFinite, ParamGrads, Pass, Real, Tape, Tensor, Var,
    check::Sabotage,
    mismatch,
    records::{Node, Records},
};

/// Where a node puts the gradients of its arguments, by position.
pub struct Sink<'a, T: Real> {
    nodes: &'a [Node<T>],
    grads: &'a mut [Option<Tensor<T>>],
    /// The node that hands gradients back, and its arguments.
    node: usize,
    arguments: &'a [u32],
    bytes: &'a mut usize,
    fault: Option<Fault>,
}

impl<T: Real> Sink<'_, T> {
    /// Whether anybody needs the gradient of argument `k`: if not, do not compute it.
    pub fn wants(&self, k: usize) -> bool {
        self.nodes[self.arguments[k] as usize].wants
    }

    /// Adds what `g` computes to the gradient of argument `k`, if anybody needs it; see [`add`](Self::add).
    #[track_caller]
    pub fn give(&mut self, k: usize, g: impl FnOnce() -> Tensor<T>) {
        if self.wants(k) {
            self.add(k, g());
        }
    }

    /// Adds `g` to the gradient of argument `k`. The first contribution is moved, later ones are added in place. If the
    /// argument was broadcast, `g` has the shape of the output and is summed back here, so ops need not care.
    ///
    /// # Panics
    /// If `g` has another shape than the argument, or than the output to which the argument was broadcast.
    #[track_caller]
    pub fn add(&mut self, k: usize, g: Tensor<T>) {
        let argument = self.arguments[k] as usize;
        if !self.nodes[argument].wants {
            return;
        }
        let (x, y) = (self.nodes[argument].value.shape(), self.nodes[self.node].value.shape());
        if g.shape() != x && !(g.shape() == y && x.broadcast(y) == Some(*y)) {
            let Node { op, at, .. } = &self.nodes[self.node];
            let what = format!("its gradient of argument {k} has a wrong shape; it was called at {at}");
            let operands = [("gradient", g.shape(), ""), ("argument", x, ""), ("output", y, "")];
            let rule = "the shape of the argument, or of the output if it was broadcast to that";
            mismatch(op, &what, &operands, rule);
        }
        let mut g = g.sum_to(x);
        if let Some(fault) = self.fault.filter(|fault| fault.argument == k) {
            g = fault.sabotage.spoil(&g);
        }
        match &mut self.grads[argument] {
            Some(sum) => sum.zip_assign(&g, |sum, g| sum + g),
            empty => {
                *self.bytes += size_of_val(g.as_slice());
                *empty = Some(g);
            }
        }
    }
}

/// A deliberate mistake in one op's derivative, to prove that the gradient checks would see it.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub op: &'static str,
    pub argument: usize,
    pub sabotage: Sabotage,
}

/// The gradients that a backward pass leaves: of every leaf that wanted one, and of values marked with
/// [`Var::keep_grad`]. `grads[x]` is ∂L/∂x.
pub struct Grads<T: Real> {
    /// The number of the tape, so that a value of another one finds nothing.
    tape: u64,
    by_node: Vec<(u32, Tensor<T>)>,
    /// The gradients of parameters, by [`ParamId`](crate::ParamId).
    pub params: ParamGrads<T>,
}

impl<T: Real> Grads<T> {
    /// ∂L/∂x, or `None` if nothing reached `x` (or its gradient was not kept).
    pub fn get(&self, x: Var<'_, T>) -> Option<&Tensor<T>> {
        if self.tape == x.tape.number { self.of(x.id) } else { None }
    }

    fn of(&self, node: u32) -> Option<&Tensor<T>> {
        let found = self.by_node.binary_search_by_key(&node, |(id, _)| *id).ok()?;
        Some(&self.by_node[found].1)
    }
}

impl<T: Real> Index<Var<'_, T>> for Grads<T> {
    type Output = Tensor<T>;

    #[track_caller]
    fn index(&self, x: Var<'_, T>) -> &Tensor<T> {
        match self.get(x) {
            Some(g) => g,
            None => panic!(
                "backward left no gradient for this value of shape {:?}\n  rule: a gradient is kept for leaves made by \
                 `tape.var` that the root depends on, and for values marked by `keep_grad`",
                x.shape()
            ),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The gradients of this scalar with respect to every leaf. Saved arrays die as the sweep passes them.
    ///
    /// # Panics
    /// If the value is not a scalar, or if the tape has been swept before.
    #[track_caller]
    pub fn backward(self) -> Grads<T> {
        self.tape.backward(&[(self, 1.0)])
    }

    /// The vector-Jacobian product Jᵀu: the gradients of ⟨u, self⟩, for a cotangent `u` of this value's shape.
    #[track_caller]
    pub fn backward_with(self, cotangent: Tensor<T>) -> Grads<T> {
        self.tape.backward_from(&[(self, cotangent)])
    }
}

impl<T: Real> Tape<T> {
    /// The gradients of a weighted sum of scalars, Σ wᵢ·Lᵢ, without putting the sum on the tape.
    ///
    /// ```
    /// use gradbook_autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(3.0);
    /// let grads = tape.backward(&[(x * x, 1.0), (x * 5.0, 0.1)]);
    /// assert_eq!(grads[x].item(), 6.5); // 2x + 0.1 · 5
    /// ```
    #[track_caller]
    pub fn backward(&self, roots: &[(Var<'_, T>, f64)]) -> Grads<T> {
        self.backward_from(&scalars(roots))
    }

    /// The gradients of Σ ⟨uᵢ, yᵢ⟩ for several roots yᵢ with cotangents uᵢ.
    #[track_caller]
    pub fn backward_from(&self, roots: &[(Var<'_, T>, Tensor<T>)]) -> Grads<T> {
        self.sweep(roots, None, |_, _| Ok(())).expect("nothing inspects the sweep")
    }

    /// [`backward`](Self::backward), checking every gradient on its way: for hunting a NaN, not for training.
    ///
    /// ```
    /// use gradbook_autograd::{Pass, Tape};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let error = tape.backward_traced(&[(x.sqrt(), 1.0)]).err().unwrap(); // d√x/dx is infinite at 0
    /// assert_eq!((error.op, error.pass), ("sqrt", Pass::Backward));
    /// ```
    ///
    /// # Errors
    /// The first op, in the order of computation, whose *value* is not finite; or else the first, in the order of the
    /// sweep, that handed back a gradient that is not.
    #[track_caller]
    pub fn backward_traced(&self, roots: &[(Var<'_, T>, f64)]) -> Result<Grads<T>, NonFinite> {
        match self.first_non_finite() {
            Some(found) => Err(found),
            None => self.sweep(&scalars(roots), None, |node, g| NonFinite::check(node, g, Pass::Backward)),
        }
    }

    #[track_caller]
    pub(crate) fn sweep(
        &self,
        roots: &[(Var<'_, T>, Tensor<T>)],
        fault: Option<Fault>,
        inspect: impl Fn(&Node<T>, &Tensor<T>) -> Result<(), NonFinite>,
    ) -> Result<Grads<T>, NonFinite> {
        assert!(
            !self.spent.replace(true),
            "backward: this tape has been swept already and its saved values are gone\n  rule: one tape, one backward; \
             for several roots give them together to `Tape::backward`"
        );
        let mut records = self.records.borrow_mut();
        let Records { nodes, grads, arguments, params, bytes, peak } = &mut *records;
        grads.resize_with(nodes.len(), || None);
        for (root, cotangent) in roots {
            assert!(self.number == root.tape.number, "backward: the root lives on another tape");
            let node = &nodes[root.id as usize];
            let (shape, its) = (node.value.shape(), cotangent.shape());
            assert!(
                shape == its,
                "backward: the cotangent has shape {its:?}, the root {shape:?}\n  rule: one shape"
            );
            match &mut grads[root.id as usize] {
                _ if !node.wants => {}
                Some(sum) => sum.zip_assign(cotangent, |a, b| a + b),
                empty => *empty = Some(cotangent.clone()),
            }
        }
        let mut found = Grads { tape: self.number, by_node: Vec::new(), params: ParamGrads::default() };
        let mut live = 0;
        for id in (0..nodes.len()).rev() {
            let Some(g) = grads[id].take() else { continue };
            let node = &mut nodes[id];
            live -= size_of_val(g.as_slice()).min(live);
            if node.keep {
                found.by_node.push((id as u32, g.clone()));
            }
            if let Some(backward) = node.backward.take() {
                let fault = fault.filter(|fault| fault.op == node.op);
                let arguments = &arguments[Records::arguments_of(nodes, id)];
                backward(g, &mut Sink { nodes, grads, node: id, arguments, bytes: &mut live, fault });
                for argument in arguments {
                    grads[*argument as usize].iter().try_for_each(|g| inspect(&nodes[id], g))?;
                }
                *peak = (*peak).max(*bytes + live);
            }
        }
        found.by_node.reverse();
        for (node, param) in params {
            if let Some(g) = found.of(*node) {
                found.params.set(*param, g.clone());
            }
        }
        Ok(found)
    }
}

/// Scalar roots with their weights as cotangents.
#[track_caller]
fn scalars<'t, T: Real>(roots: &[(Var<'t, T>, f64)]) -> Vec<(Var<'t, T>, Tensor<T>)> {
    let mut out = Vec::with_capacity(roots.len());
    for (root, weight) in roots {
        let shape = root.shape();
        assert!(
            shape.size() == 1,
            "backward: the root has shape {shape:?}\n  rule: only a scalar has a gradient by itself; sum it, or give a \
             cotangent to `backward_with`"
        );
        out.push((*root, Tensor::filled(shape, T::of(*weight))));
    }
    out
}

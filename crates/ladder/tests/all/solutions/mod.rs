//! The solutions, kept apart from what the reader gets.

pub mod r01_chain_rule;
pub mod r02_tape;
pub mod r03_backward;
pub mod r04_order;
pub mod r05_neuron;

//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod codec;
mod common;
mod comparisons;
mod events;
mod everything;
mod experiments;
mod figures;
mod folders;
mod foreign;
mod front_ends;
mod levers;
mod recipes;
mod report;
mod resume;
mod settings;

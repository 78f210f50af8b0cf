//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod corpus;
mod features;
mod front_ends;
mod goldens;
mod identity;
mod levels;
mod limits;
mod pinned;
mod resample;
mod resynthesis;
mod splits;
mod synthetic;
mod values;
mod wav;

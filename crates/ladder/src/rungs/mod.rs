//! The rungs, in the order in which they are climbed.

use std::fmt;

/// One concept, one file of the reader's crate.
pub struct Rung {
    /// The file's name: `r03_backward`.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The evening it belongs to.
    pub stage: Stage,
    /// The part of the book that explains it.
    pub chapter: &'static str,
    /// The file with its holes.
    pub template: &'static str,
    /// Hints, each a step further.
    pub hints: &'static [&'static str],
}

/// What a few rungs build together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A tape for numbers.
    Scalars,
    /// The same tape for arrays.
    Arrays,
}

impl Rung {
    /// Its place on the ladder, counted from 1.
    pub fn number(&self) -> usize {
        ALL.iter().position(|rung| rung.name == self.name).map_or(0, |i| i + 1)
    }
}

impl fmt::Debug for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Rung {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Declares the rungs, and the macros that judge a crate with one module per rung.
macro_rules! rungs {
    ($d:tt: $($name:ident,)*) => {
        $(pub mod $name;)*

        /// Every rung, the first first.
        pub static ALL: &[&Rung] = &[$(&$name::RUNG),*];

        /// A test for each rung of the crate or module `ladder`.
        #[macro_export]
        macro_rules! judge {
            ($d ladder:ident) => {
                $(#[test]
                fn $name() -> $crate::Verdict {
                    $crate::$name!($d ladder)
                })*
            };
        }

        /// The name and the judge of each rung of the crate or module `ladder`.
        #[macro_export]
        macro_rules! judges {
            ($d ladder:ident) => {
                [$((stringify!($name), (|| $crate::$name!($d ladder)) as fn() -> $crate::Verdict)),*]
            };
        }
    };
}

rungs! { $:
    r01_chain_rule,
    r02_tape,
    r03_backward,
    r04_order,
    r05_neuron,
}

//! A tape for reverse-mode automatic differentiation.

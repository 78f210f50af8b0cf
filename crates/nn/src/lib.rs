//! Layers, optimizers, schedules and checkpoints.

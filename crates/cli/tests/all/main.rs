//! The program as a user runs it: exit codes, messages, hostile folders, interruptions.

mod common;
mod experiments;
mod interruptions;
mod messages;
mod new;
mod recordings;

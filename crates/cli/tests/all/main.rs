//! The program as a user runs it: exit codes, messages, hostile folders, interruptions.

mod common;
mod interruptions;
mod messages;
mod recordings;

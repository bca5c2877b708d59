//! Runs the built program and looks at its exit codes, its output and its files.
#![cfg(feature = "cli")]
// Helpers outside of test functions unwrap too: a panic is a failed test.
#![allow(clippy::unwrap_used)]

mod evaluate;
mod harness;
mod pack;
mod photos;
mod segment;
mod study;
mod surface;

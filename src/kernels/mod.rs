//! GPU kernels with their plain-Rust references.

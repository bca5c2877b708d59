//! The report of a slice and its writers.

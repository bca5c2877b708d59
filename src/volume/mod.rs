//! Volumes of one file.

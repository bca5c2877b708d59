//! Mask R-CNN.

//! LungLens finds, outlines and measures COVID-19 lesions in chest CT on the user's own device.
//!
//! The pure modules ([`words`], [`source`], [`container`], [`volume`], [`imaging`], [`detect`], [`masks`], [`severity`],
//! [`report`], [`study`], [`intake`], [`export`], [`evaluate`], [`manifest`], [`weights`]) do not run the network. With the
//! feature `model`, `kernels`, `model` and `engine` run it through Burn.
//!
//! For research use only. LungLens is not a medical device.

pub mod container;
pub mod detect;
pub mod evaluate;
pub mod export;
pub mod imaging;
pub mod intake;
pub mod manifest;
pub mod masks;
pub mod report;
pub mod severity;
pub mod source;
pub mod study;
pub mod volume;
pub mod weights;
pub mod words;

#[cfg(feature = "model")]
pub mod engine;
#[cfg(feature = "model")]
pub mod kernels;
#[cfg(feature = "model")]
pub mod model;

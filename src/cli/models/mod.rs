//! Which models are here and which one `--model` means.

mod find;
pub mod list;

pub use find::{FoundModel, find_model};
pub use list::hex;

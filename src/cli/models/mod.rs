//! Which models are here and which one `--model` means.

mod find;
pub mod list;
mod register;

pub use find::{FoundModel, find_model, manifest_beside};
pub use list::hex;
pub use register::{Listing, Register, usual_entry};

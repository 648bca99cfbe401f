//! A bundle as one zip: reading is strict and bounded, writing gives the same bytes for the same files.

mod directory;
mod read;
mod write;

pub use read::Archive;
pub use write::pack;

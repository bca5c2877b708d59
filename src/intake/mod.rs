//! The one way in: from whatever a person hands over to the slices of a series, for the command line and the page.
//!
//! [`Scan`] (or [`catalogue`], which runs it) reads the headers of all files; the [`Catalogue`] lists the series with the
//! recommended one and why the others are not; [`OpenSeries`] gives the slices of one, one by one, the lowest first. Only
//! headers are kept: the slices of a long study never lie in memory together.

mod catalogue;
mod describe;
mod error;
mod names;
mod open;
mod pieces;
mod scan;
mod split;
mod stack;
mod summary;
mod volume;

use std::rc::Rc;

pub use catalogue::Catalogue;
pub use error::{FileProblem, IntakeError};
pub use names::is_called_an_image;
pub use open::{OpenSeries, SourceInstance};
pub use scan::{Scan, Scanned, catalogue};
pub use summary::{PartKind, SeriesKind, SeriesPart, SeriesSummary};

pub use crate::source::{ByteSource, SourceError};

/// A file with its name.
#[derive(Clone)]
pub struct NamedSource {
    /// Its path as the person sees it; inside an archive, the archive's path and that of the entry.
    pub name: String,
    /// Its bytes.
    pub source: Rc<dyn ByteSource>,
}

impl NamedSource {
    /// A file called `name`.
    pub fn new(name: impl Into<String>, source: impl ByteSource + 'static) -> Self {
        Self { name: name.into(), source: Rc::new(source) }
    }
}

impl std::fmt::Debug for NamedSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.source.len())
    }
}

//! Lungs, involvement and the grade.

mod assess;
mod assessment;
mod sides;

pub use assess::{SeverityError, assess};
pub(crate) use assessment::percent;
pub use assessment::{Assessment, Finding, Involvement, SeverityConfig};
pub(crate) use sides::Part;
pub use sides::{Sides, are_of_several_slices, split_sides};

//! The library's errors and reasons as the causes that the page says in its language.

use std::fmt::Display;

use lunglens::container::ContainerError;
use lunglens::export::ExportError;
use lunglens::imaging::{ImagingError, UNKNOWN_CODING};
use lunglens::intake::{FileProblem, IntakeError};
use lunglens::masks::MaskError;
use lunglens::report::ReportError;
use lunglens::source::SourceError;
use lunglens::study::{Differing, Reason, SetAside, StudyError, Unmeasurable};
use lunglens::volume::VolumeError;

use crate::protocol::{Cause, CauseKind};

/// What the page can say in its language.
pub trait HasCause: Display {
    /// Its cause, without the library's words.
    fn cause(&self) -> Cause;
}

impl<E: HasCause> From<E> for Cause {
    fn from(error: E) -> Self {
        Self { words: error.to_string(), ..error.cause() }
    }
}

impl<E: HasCause> HasCause for &E {
    fn cause(&self) -> Cause {
        (*self).cause()
    }
}

fn of(kind: CauseKind) -> Cause {
    kind.into()
}

/// What is wrong with the file of a name.
pub fn of_file(name: &str, why: Cause) -> Cause {
    of(CauseKind::OfFile).naming(name).over(why)
}

/// Counts as the page is told them.
fn counts<const N: usize>(counts: [usize; N]) -> [f64; N] {
    counts.map(|count| count as f64)
}

/// A coding as other languages than English write it: without a name, its UID.
fn coding(described: &str) -> String {
    let uid =
        described.strip_prefix(UNKNOWN_CODING).and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    uid.unwrap_or(described).to_owned()
}

/// What files are instead of a series, each kind once; of what is only damaged, how.
fn nothing(set_aside: &[SetAside]) -> Cause {
    if let [SetAside { reason: Reason::Unmeasurable(why), .. }] = set_aside {
        return why.cause();
    }
    let mut all: Vec<(Cause, usize)> = Vec::new();
    for one in set_aside {
        let cause = one.reason.cause();
        match all.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, files)) => *files += one.files,
            None => all.push((cause, one.files)),
        }
    }
    let counted = all.into_iter().map(|(cause, files)| cause.counting(counts([files])));
    Cause { within: counted.collect(), ..of(CauseKind::Nothing) }
}

impl HasCause for Reason {
    fn cause(&self) -> Cause {
        of(match self {
            Self::Unknown => CauseKind::UnknownFormat,
            Self::UnreadPicture(_) => CauseKind::UnreadPicture,
            Self::DeepArchive => CauseKind::DeepArchive,
            Self::Directory => CauseKind::Directory,
            Self::NoImage => CauseKind::NoImage,
            Self::NotCt(modality) => return of(CauseKind::OtherModality).naming(modality),
            Self::Localiser => CauseKind::Localiser,
            Self::Projection => CauseKind::Projection,
            Self::NotAxial => CauseKind::NotAxial,
            Self::Reformat => CauseKind::Reformat,
            Self::Coding(described) => return of(CauseKind::OtherCoding).naming(coding(described)),
            Self::NoSeries => CauseKind::NoSeries,
            Self::OtherPart(part) => return of(CauseKind::OtherPart).naming(*part),
            Self::Unmeasurable(why) => return of(CauseKind::Unmeasurable).over(why.cause()),
            Self::PartOfScan => CauseKind::PartOfScan,
            Self::Smaller => CauseKind::Smaller,
            Self::OtherStudy => CauseKind::OtherStudy,
            Self::NotChosen => CauseKind::NotChosen,
            Self::SinglePicture => CauseKind::SinglePicture,
            Self::Copy => CauseKind::Copy,
        })
    }
}

impl HasCause for SourceError {
    fn cause(&self) -> Cause {
        of(match self {
            Self::Beyond { .. } => CauseKind::CutShort,
            Self::TooLarge { .. } => CauseKind::TooLarge,
            _ => CauseKind::Gone,
        })
    }
}

impl HasCause for ContainerError {
    fn cause(&self) -> Cause {
        of(match self {
            Self::Source(error) => return error.cause(),
            Self::CutShort { .. } => CauseKind::CutShort,
            Self::Damaged { .. } => CauseKind::Damaged,
            _ => CauseKind::Archive,
        })
    }
}

impl HasCause for ImagingError {
    fn cause(&self) -> Cause {
        of(match self {
            Self::Source(error) => return error.cause(),
            Self::Empty | Self::CutShort { .. } | Self::PixelLength { .. } => CauseKind::CutShort,
            Self::UnknownFormat { .. } | Self::Animated { .. } | Self::NoPicture => CauseKind::NotRead,
            Self::TooLarge { .. } | Self::TooManyPixels { .. } => CauseKind::TooLarge,
            Self::Coloured { .. } => CauseKind::Coloured,
            Self::BadPart { .. } => CauseKind::BadPart,
            Self::TransferSyntax { name, uid } => {
                return of(CauseKind::Coding).naming(coding(&format!("{name} ({uid})")));
            }
            Self::NotCt { modality } => {
                return of(CauseKind::Unfit).over(of(CauseKind::OtherModality).naming(modality));
            }
            Self::MultiFrame { .. } => CauseKind::BadGeometry,
            // Not of the file, but of how it is prepared.
            Self::BadSlice { .. } | Self::BadSetting { .. } => CauseKind::Failed,
            _ => CauseKind::Damaged,
        })
    }
}

impl HasCause for VolumeError {
    fn cause(&self) -> Cause {
        of(match self {
            Self::Source(error) => return error.cause(),
            Self::Container(error) => return error.cause(),
            Self::CutShort { .. } => CauseKind::CutShort,
            Self::Unread { .. } => CauseKind::NotRead,
            Self::TooLarge { .. } => CauseKind::TooLarge,
            Self::Oblique { .. } => return of(CauseKind::Unfit).over(CauseKind::NotAxial),
            Self::Labels { .. } => CauseKind::Labels,
            Self::UnknownScale { .. } => CauseKind::UnknownScale,
            _ => CauseKind::Damaged,
        })
    }
}

impl HasCause for StudyError {
    fn cause(&self) -> Cause {
        let counted = |kind, count| of(kind).counting(counts([count]));
        of(match self {
            Self::NoSeries { set_aside } => return nothing(set_aside),
            Self::Coding { coding: described } => return of(CauseKind::Coding).naming(coding(described)),
            Self::Missing { missing } => return counted(CauseKind::Missing, *missing),
            Self::NoGeometry { what, files, of: all } => {
                return of(CauseKind::Lacks).naming(*what).counting(counts([*files, *all]));
            }
            Self::TooFewSlices { found, needed } => {
                return of(CauseKind::TooFew).counting(counts([*found, *needed]));
            }
            Self::Mixed { what, .. } => {
                return of(CauseKind::Mixed).over(match what {
                    Differing::Size => CauseKind::Size,
                    Differing::PixelSpacing => CauseKind::PixelSpacing,
                    Differing::Orientation => CauseKind::Orientation,
                    Differing::Study => CauseKind::Study,
                    Differing::Patient => CauseKind::Patient,
                    Differing::FrameOfReference => CauseKind::Coordinates,
                });
            }
            Self::MultiFrame { .. } | Self::BadGeometry { .. } => CauseKind::BadGeometry,
            Self::Turned => CauseKind::Turned,
            Self::Duplicate { places, .. } => return counted(CauseKind::Duplicate, *places),
            Self::Gap { from_mm, to_mm, .. } => return of(CauseKind::Gap).counting([*from_mm, *to_mm]),
            Self::Uneven { .. } | Self::Tilt { .. } | Self::Shifted { .. } => CauseKind::Uneven,
            Self::SeveralSlices { index } => return counted(CauseKind::SeveralSlices, index + 1),
            // What the page does not ask for, and what the engine should not give.
            _ => CauseKind::Failed,
        })
    }
}

impl HasCause for Unmeasurable {
    fn cause(&self) -> Cause {
        match self {
            Self::Unfit(reason) => of(CauseKind::Unfit).over(reason.cause()),
            Self::Study(error) => error.cause(),
            Self::Volume(error) => error.cause(),
            Self::File(unread) => of_file(&unread.name, unread.error.cause()),
        }
    }
}

impl HasCause for FileProblem {
    fn cause(&self) -> Cause {
        match self {
            Self::Source(error) => error.cause(),
            Self::Archive(error) => error.cause(),
            Self::Entry { name, error } => of_file(name, error.cause()),
            Self::Image(error) => error.cause(),
        }
    }
}

impl HasCause for IntakeError {
    fn cause(&self) -> Cause {
        match self {
            Self::Source { name, error } => of_file(name, error.cause()),
            Self::File { name, error } => of_file(name, error.cause()),
            Self::Volume { name, error } => of_file(name, error.cause()),
            Self::Changed { name } => of_file(name, of(CauseKind::Gone)),
            Self::Unreadable { files, of: all, name, error } => {
                of(CauseKind::Unreadable).naming(name).counting(counts([*files, *all])).over(error.cause())
            }
            Self::Several { stacks } => of(CauseKind::SeveralStacks).counting(counts([*stacks])),
            Self::Unfit { reason } => of(CauseKind::Unfit).over(reason.cause()),
            Self::Study(error) => error.cause(),
            // A series or a slice that no order of clicks should ask for.
            _ => of(CauseKind::Failed),
        }
    }
}

impl HasCause for ExportError {
    fn cause(&self) -> Cause {
        of(CauseKind::NotWritten)
    }
}

impl HasCause for ReportError {
    fn cause(&self) -> Cause {
        of(CauseKind::Failed)
    }
}

impl HasCause for MaskError {
    fn cause(&self) -> Cause {
        of(CauseKind::Failed)
    }
}

#[cfg(test)]
#[path = "causes_tests.rs"]
mod tests;

//! Why something is not read, not proposed or has no result, as a worker tells it: as a kind, which the page says in its
//! language, and in English, with all that is known.

use serde::{Deserialize, Serialize};

/// Why something is as it is. What its kind speaks of is beside it, as [`CauseKind`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// The file or the code of which it speaks; empty without one.
    pub name: String,
    /// Counts or lengths of which it speaks.
    pub numbers: Vec<f64>,
    /// The causes of which it speaks.
    pub within: Vec<Cause>,
    /// The same in the library's words, which are English; empty of a cause within another.
    pub words: String,
}

impl Cause {
    /// A cause in the library's words.
    pub fn new(kind: CauseKind, words: impl Into<String>) -> Self {
        Self { words: words.into(), ..kind.into() }
    }

    /// That speaks of a file or a code.
    pub fn naming(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// That speaks of counts or lengths.
    pub fn counting(self, numbers: impl IntoIterator<Item = f64>) -> Self {
        Self { numbers: numbers.into_iter().collect(), ..self }
    }

    /// That speaks of another.
    pub fn over(mut self, other: impl Into<Self>) -> Self {
        self.within.push(other.into());
        self
    }

    /// Whether the English words say more that may be of use.
    pub fn is_general(&self) -> bool {
        self.kind.is_general() || self.within.iter().any(Self::is_general)
    }
}

impl From<CauseKind> for Cause {
    fn from(kind: CauseKind) -> Self {
        Self { kind, name: String::new(), numbers: Vec::new(), within: Vec::new(), words: String::new() }
    }
}

/// For tests: what no language has a word for.
#[cfg(test)]
impl From<&str> for Cause {
    fn from(words: &str) -> Self {
        Self::new(CauseKind::Failed, words)
    }
}

/// The kinds, all of them, and the numbers by which messages know them: by name they would make the page larger.
macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident,)*) => {
        /// A kind of cause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(into = "u8", try_from = "u8")]
        pub enum CauseKind {
            $($(#[$meta])* $kind,)*
        }

        impl CauseKind {
            /// All, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];
        }
    };
}

kinds! {
    // What files or a series are, as the end of a sentence.
    /// No format that is read.
    UnknownFormat,
    /// A picture or video of a kind that is not read.
    UnreadPicture,
    /// An archive inside of others.
    DeepArchive,
    /// A DICOMDIR.
    Directory,
    /// DICOM without an image.
    NoImage,
    /// Of another modality, which is named, not CT.
    OtherModality,
    /// The overview that a scan is planned on.
    Localiser,
    /// A projection, as MIP.
    Projection,
    /// Coronal, sagittal or oblique.
    NotAxial,
    /// Computed from other slices.
    Reformat,
    /// Stored in a coding, which is named, that is not read.
    OtherCoding,
    /// Without a series.
    NoSeries,
    /// A CT series of another part of the body, which is named in DICOM's word.
    OtherPart,
    /// A series that cannot be measured, over why.
    Unmeasurable,
    /// A CT series of only a part of the scan.
    PartOfScan,
    /// A CT series with no more slices.
    Smaller,
    /// A CT series of another study.
    OtherStudy,
    /// Another series.
    NotChosen,
    /// A picture without others.
    SinglePicture,
    /// A copy of another file.
    Copy,

    // What slices share, as the end of a sentence.
    /// Rows and columns.
    Size,
    /// The distance of pixels.
    PixelSpacing,
    /// How they lie.
    Orientation,
    /// The study.
    Study,
    /// The patient.
    Patient,
    /// The coordinates of one scan.
    Coordinates,

    // What is wrong, as sentences.
    /// It cannot be used, over what it is.
    Unfit,
    /// Of a file, which is named, over what is wrong with it.
    OfFile,
    /// The file is damaged.
    Damaged,
    /// The file ends too early.
    CutShort,
    /// The file has something that is not read.
    NotRead,
    /// The pixels are stored in a coding, which is named, that is not read.
    Coding,
    /// The file or its image is too large.
    TooLarge,
    /// The picture is coloured all over.
    Coloured,
    /// The part of the picture is too small.
    BadPart,
    /// The archive cannot be unpacked.
    Archive,
    /// The file's bytes cannot be had: it was moved, changed or removed, or is damaged in its archive.
    Gone,
    /// So many files of so many, which may be slices of the study, cannot be read. The first is named, over what is wrong
    /// with it.
    Unreadable,
    /// There is no axial CT series among the files, over what they are instead, each counting its files.
    Nothing,
    /// So many folders of pictures, of which any may be meant.
    SeveralStacks,
    /// So many images that a DICOMDIR lists are not here.
    Missing,
    /// So many files of so many do not state an attribute, which is named, of their place.
    Lacks,
    /// So many slices, where so many are needed.
    TooFew,
    /// The slices do not fit together, over what differs.
    Mixed,
    /// A place, direction or spacing that cannot be used.
    BadGeometry,
    /// The patient's sides cannot be told.
    Turned,
    /// So many places with several slices.
    Duplicate,
    /// Slices are missing between two heights in mm.
    Gap,
    /// The slices are not evenly spaced in a line.
    Uneven,
    /// The picture of that number, from 1, shows several slices.
    SeveralSlices,
    /// A segmentation, not a CT.
    Labels,
    /// Neither Hounsfield units nor grey levels.
    UnknownScale,
    /// The files are not open any more.
    Lost,
    /// Something that should not happen.
    Failed,
    /// A file of the result cannot be written.
    NotWritten,
    /// The model does not come.
    NotFetched,
    /// The model's file is another one than the page's.
    WrongModel,
    /// The model cannot be run.
    ModelFailed,
    /// There is too little memory.
    Memory,
}

impl From<CauseKind> for u8 {
    fn from(kind: CauseKind) -> Self {
        kind as Self
    }
}

impl TryFrom<u8> for CauseKind {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::ALL.get(usize::from(number)).copied().ok_or("no kind of cause")
    }
}

impl CauseKind {
    /// Whether the English words say more that may be of use.
    fn is_general(self) -> bool {
        matches!(
            self,
            Self::Damaged
                | Self::NotRead
                | Self::TooLarge
                | Self::Archive
                | Self::Gone
                | Self::Size
                | Self::PixelSpacing
                | Self::Orientation
                | Self::BadGeometry
                | Self::Uneven
                | Self::UnknownScale
                | Self::Failed
                | Self::NotWritten
                | Self::NotFetched
                | Self::ModelFailed
        )
    }
}

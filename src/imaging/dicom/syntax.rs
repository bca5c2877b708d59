//! Transfer syntaxes: how a data set is written and its pixels are coded (PS3.5, chapter 10 and annex A).

use dicom_dictionary_std::uids;

use super::elements::Syntax;

/// Retired in 2006, but still found in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// How pixels are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As numbers, one after the other.
    Native,
    /// As numbers, in fragments.
    Fragmented,
    /// Run lengths of bytes (PS3.5, annex G).
    Rle,
    /// JPEG with a discrete cosine transform, 8 or 12 bit.
    Jpeg,
    /// JPEG without loss.
    JpegLossless,
    /// JPEG-LS, without or with little loss.
    JpegLs,
    /// JPEG 2000, without or with loss.
    Jpeg2000,
    /// High-throughput JPEG 2000, without loss.
    Htj2k,
    /// One that is not read.
    Unread,
}

/// A transfer syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSyntax {
    /// Its UID.
    pub uid: String,
    /// Its name in the standard, or "an unknown coding".
    pub name: &'static str,
    /// How the data set is written; none where that is unknown.
    pub data_set: Option<Syntax>,
    /// Whether the data set is compressed as a whole.
    pub deflated: bool,
    /// How the pixels are coded.
    pub coding: Coding,
}

impl TransferSyntax {
    /// The one of a UID.
    pub fn of(uid: &str) -> Self {
        let (name, data_set, coding) = match uid {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => {
                ("Implicit VR Little Endian", Syntax::IMPLICIT_LITTLE, Coding::Native)
            }
            EXPLICIT_VR_BIG_ENDIAN => ("Explicit VR Big Endian", Syntax::EXPLICIT_BIG, Coding::Native),
            // All others are written in explicit little endian (PS3.5, A.4).
            _ => {
                let (name, coding) = explicit_little(uid);
                (name, Syntax::EXPLICIT_LITTLE, coding)
            }
        };
        Self {
            uid: uid.to_owned(),
            name,
            data_set: (name != UNKNOWN_CODING).then_some(data_set),
            deflated: uid == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            coding,
        }
    }

    /// The one of a bare data set.
    pub fn bare(data_set: Syntax) -> Self {
        let uid = if data_set == Syntax::IMPLICIT_LITTLE {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
        } else {
            uids::EXPLICIT_VR_LITTLE_ENDIAN
        };
        Self::of(uid)
    }

    /// For people: its name and UID.
    pub fn describe(&self) -> String {
        format!("{} ({})", self.name, self.uid)
    }
}

/// The name of a coding that has none here.
pub const UNKNOWN_CODING: &str = "an unknown coding";

fn explicit_little(uid: &str) -> (&'static str, Coding) {
    match uid {
        uids::EXPLICIT_VR_LITTLE_ENDIAN => ("Explicit VR Little Endian", Coding::Native),
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => ("Deflated Explicit VR Little Endian", Coding::Native),
        uids::RLE_LOSSLESS => ("RLE Lossless", Coding::Rle),
        uids::JPEG_BASELINE8_BIT => ("JPEG Baseline", Coding::Jpeg),
        uids::JPEG_EXTENDED12_BIT => ("JPEG Extended", Coding::Jpeg),
        uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => ("JPEG Lossless", Coding::JpegLossless),
        uids::JPEGLS_LOSSLESS => ("JPEG-LS Lossless", Coding::JpegLs),
        uids::JPEGLS_NEAR_LOSSLESS => ("JPEG-LS Near-Lossless", Coding::JpegLs),
        uids::JPEG2000_LOSSLESS => ("JPEG 2000 Lossless", Coding::Jpeg2000),
        uids::JPEG2000 => ("JPEG 2000", Coding::Jpeg2000),
        uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => {
            ("Encapsulated Uncompressed", Coding::Fragmented)
        }
        uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => {
            ("High-Throughput JPEG 2000", Coding::Htj2k)
        }
        uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => ("JPEG XL", Coding::Unread),
        _ if uid.starts_with("1.2.840.10008.1.2.4.10") => ("MPEG video", Coding::Unread),
        _ => (UNKNOWN_CODING, Coding::Unread),
    }
}

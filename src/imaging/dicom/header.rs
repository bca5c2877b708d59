//! What a DICOM file says about its image, without the pixels.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};

use super::super::ImagingError;
use super::attributes::{Attributes, bad};
use super::elements::{Element, Syntax};
use super::image::DicomImage;
use crate::source::BorrowedSource;
use crate::words::counted;

/// The elements that are read.
pub(super) const WANTED: [Tag; 22] = [
    tags::IMAGE_TYPE,
    tags::FRAME_TYPE,
    tags::VOLUME_BASED_CALCULATION_TECHNIQUE,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::MODALITY,
    tags::SERIES_DESCRIPTION,
    tags::PATIENT_ID,
    tags::BODY_PART_EXAMINED,
    tags::ACQUISITION_NUMBER,
    tags::CONVOLUTION_KERNEL,
    tags::SLICE_THICKNESS,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::INSTANCE_NUMBER,
    tags::IMAGE_POSITION_PATIENT,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::FRAME_OF_REFERENCE_UID,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
];

/// The place of an image in its study and in the patient, as the file states it. Lengths are in mm, in DICOM's patient
/// coordinates: x to the patient's left, y to the back, z to the head (PS3.3, C.7.6.2).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DicomHeader {
    /// The SHA-256 of PatientID (0010,0020), by which patients are told apart without being named; none where the file has
    /// no number.
    pub patient: Option<[u8; 32]>,
    /// StudyInstanceUID (0020,000D).
    pub study_uid: Option<String>,
    /// SeriesInstanceUID (0020,000E).
    pub series_uid: Option<String>,
    /// SOPClassUID (0008,0016), the kind of image.
    pub sop_class_uid: Option<String>,
    /// SOPInstanceUID (0008,0018), the name of this image.
    pub sop_uid: Option<String>,
    /// FrameOfReferenceUID (0020,0052): images with the same one share their coordinates.
    pub frame_of_reference_uid: Option<String>,
    /// Modality (0008,0060), as `CT`.
    pub modality: Option<String>,
    /// ImageType (0008,0008), as `["ORIGINAL", "PRIMARY", "AXIAL"]`; of a frame of an Enhanced CT its FrameType (0008,9007), and
    /// behind it VolumeBasedCalculationTechnique (0008,9207), as `MAX_IP`. Empty where the file does not say.
    pub image_type: Vec<String>,
    /// SeriesDescription (0008,103E), a free text that may name people.
    pub series_description: Option<String>,
    /// BodyPartExamined (0018,0015), as `CHEST`.
    pub body_part: Option<String>,
    /// ConvolutionKernel (0018,1210), the first of several.
    pub kernel: Option<String>,
    /// AcquisitionNumber (0020,0012); none where it is no number.
    pub acquisition_number: Option<i64>,
    /// SeriesNumber (0020,0011); none where it is no number.
    pub series_number: Option<i64>,
    /// InstanceNumber (0020,0013); none where it is no number.
    pub instance_number: Option<i64>,
    /// ImagePositionPatient (0020,0032): the centre of the first pixel, in mm.
    pub position: Option<[f64; 3]>,
    /// ImageOrientationPatient (0020,0037): the directions along a row, then down a column.
    pub orientation: Option<[f64; 6]>,
    /// SliceThickness (0018,0050), in mm; none where it is no number. Not the distance of slices.
    pub slice_thickness_mm: Option<f64>,
    /// Height in pixels (0028,0010).
    pub rows: Option<usize>,
    /// Width in pixels (0028,0011).
    pub columns: Option<usize>,
    /// PixelSpacing (0028,0030): mm between rows, then between columns.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// NumberOfFrames (0028,0008), 1 where the file does not say.
    pub frames: u32,
    /// How the pixels are coded where [`super::super::decode`] does not read it: name and UID of the transfer syntax.
    pub unread_coding: Option<String>,
}

/// Reads the header of the first image of a DICOM file, compressed ones included; `None` for bytes that are no DICOM
/// file.
///
/// Values that place the image must make sense; InstanceNumber, SliceThickness and SeriesDescription only inform, and
/// are left out where they do not.
///
/// # Errors
/// An [`ImagingError`] that names the tag or offset. No input makes it panic.
pub fn read_dicom_header(bytes: &[u8]) -> Result<Option<DicomHeader>, ImagingError> {
    DicomImage::open(&BorrowedSource(bytes))?.map(|image| image.header(0)).transpose()
}

impl DicomHeader {
    /// The header in the elements of [`WANTED`] of an image.
    pub(super) fn read(
        elements: &[Element],
        syntax: Syntax,
        frames: u32,
        unread_coding: Option<String>,
    ) -> Result<Self, ImagingError> {
        // Texts of any length in any character set: none of them makes a file unreadable.
        let is_free = |tag| matches!(tag, tags::SERIES_DESCRIPTION | tags::PATIENT_ID);
        let free = |tag| elements.iter().find(|e| e.tag == tag);
        let description = free(tags::SERIES_DESCRIPTION).map(free_text);
        let placed: Vec<Element> = elements.iter().filter(|e| !is_free(e.tag)).copied().collect();
        let attributes = Attributes::read(&placed, syntax)?;
        let size = |tag| -> Result<_, ImagingError> {
            Ok(attributes.integer(tag)?.and_then(|n| usize::try_from(n).ok()))
        };
        Ok(Self {
            patient: free(tags::PATIENT_ID).and_then(patient),
            study_uid: attributes.text(tags::STUDY_INSTANCE_UID),
            series_uid: attributes.text(tags::SERIES_INSTANCE_UID),
            sop_class_uid: attributes.text(tags::SOP_CLASS_UID),
            sop_uid: attributes.text(tags::SOP_INSTANCE_UID),
            frame_of_reference_uid: attributes.text(tags::FRAME_OF_REFERENCE_UID),
            modality: attributes.text(tags::MODALITY),
            image_type: image_type(&attributes),
            series_description: description.filter(|text| !text.is_empty()),
            body_part: attributes.text(tags::BODY_PART_EXAMINED),
            kernel: attributes.text(tags::CONVOLUTION_KERNEL),
            acquisition_number: attributes.integer(tags::ACQUISITION_NUMBER).ok().flatten(),
            series_number: attributes.integer(tags::SERIES_NUMBER).ok().flatten(),
            instance_number: attributes.integer(tags::INSTANCE_NUMBER).ok().flatten(),
            position: exactly(&attributes, tags::IMAGE_POSITION_PATIENT)?,
            orientation: exactly(&attributes, tags::IMAGE_ORIENTATION_PATIENT)?,
            slice_thickness_mm: attributes
                .numbers(tags::SLICE_THICKNESS)
                .ok()
                .flatten()
                .and_then(|numbers| numbers.first().copied()),
            rows: size(tags::ROWS)?,
            columns: size(tags::COLUMNS)?,
            pixel_spacing_mm: exactly(&attributes, tags::PIXEL_SPACING)?,
            frames,
            unread_coding,
        })
    }
}

/// What kind of image it is, by all that says so.
fn image_type(attributes: &Attributes) -> Vec<String> {
    let of_frame = attributes.texts(tags::FRAME_TYPE);
    let mut all = if of_frame.is_empty() { attributes.texts(tags::IMAGE_TYPE) } else { of_frame };
    all.extend(attributes.text(tags::VOLUME_BASED_CALCULATION_TECHNIQUE).filter(|text| text != "NONE"));
    all
}

/// An attribute that has `N` numbers or none.
fn exactly<const N: usize>(attributes: &Attributes, tag: Tag) -> Result<Option<[f64; N]>, ImagingError> {
    let Some(numbers) = attributes.numbers(tag)? else { return Ok(None) };
    let count = numbers.len();
    match <[f64; N]>::try_from(numbers) {
        Ok(numbers) => Ok(Some(numbers)),
        Err(_) => Err(bad(tag, format!("has {} instead of {N}", counted(count, "number")))),
    }
}

/// A patient by the bytes of the number but for its padding; none of an empty one.
fn patient(element: &Element) -> Option<[u8; 32]> {
    let is_text = |byte: &u8| !matches!(byte, 0 | b' ');
    let from = element.value.iter().position(is_text)?;
    let to = element.value.iter().rposition(is_text)?;
    Some(Sha256::digest(&element.value[from..=to]).into())
}

/// A text in whatever character set, for people.
fn free_text(element: &Element) -> String {
    String::from_utf8_lossy(element.value).trim_matches(['\0', ' ']).to_owned()
}

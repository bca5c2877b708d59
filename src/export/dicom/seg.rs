//! DICOM Segmentation (PS3.3, A.51), binary: lesions and the two lungs, on the images that were read.

use dicom_dictionary_std::{tags, uids};

use super::super::masks::{SliceMasks, decode};
use super::super::{DicomSource, ExportError, ExportOptions, ExportStudy};
use super::data::{Data, shortened};
use super::{Context, DCM, NOTICE, SCT, extent, program};
use crate::masks::Mask;

const SERIES_NUMBER: i32 = 9301;

/// One segment: number, label, colour and how its mask is found. Colours are CIELab as DICOM scales it.
struct Segment {
    number: u16,
    label: &'static str,
    category: (&'static str, &'static str),
    kind: (&'static str, &'static str),
    side: Option<(&'static str, &'static str)>,
    cie_lab: [u16; 3],
    mask: fn(&SliceMasks) -> &Mask,
}

/// Lesions are in the lungs: a lung's segment has its lesions too.
const SEGMENTS: [Segment; 3] = [
    Segment {
        number: 1,
        label: "Lesions",
        category: ("49755003", "Morphologically Abnormal Structure"),
        kind: ("52988006", "Lesion"),
        side: None,
        // sRGB (255, 122, 40), the overlay's orange.
        cie_lab: [43_759, 45_400, 49_658],
        mask: |masks| &masks.lesion,
    },
    Segment {
        number: 2,
        label: "Right lung",
        category: ("91723000", "Anatomical Structure"),
        kind: ("39607008", "Lung"),
        side: Some(("24028007", "Right")),
        cie_lab: [45_790, 29_769, 20_943],
        mask: |masks| &masks.right,
    },
    Segment {
        number: 3,
        label: "Left lung",
        category: ("91723000", "Anatomical Structure"),
        kind: ("39607008", "Lung"),
        side: Some(("7771000", "Left")),
        cie_lab: [45_790, 29_769, 20_943],
        mask: |masks| &masks.left,
    },
];

/// A frame: of which segment and of which slice that was read.
struct Frame {
    segment: usize,
    read: usize,
}

/// The bytes of a DICOM Segmentation. Frames without a pixel are left out, as the standard allows: every image that was
/// read is referenced, so that one without frames is known to have nothing.
pub fn segmentation(
    study: &ExportStudy<'_>,
    source: &DicomSource,
    options: &ExportOptions,
) -> Result<Vec<u8>, ExportError> {
    let context = Context::new(study, source, options, "the DICOM segmentation")?;
    let frame_of_reference = source
        .frame_of_reference_uid
        .as_deref()
        .ok_or_else(|| context.unfit("the images do not name their frame of reference".to_owned()))?;
    let (frames, pixels) = frames(&context)?;
    let geometry = context.geometry;
    let size = |n: usize| u16::try_from(n).map_err(|_| context.unfit(format!("{n} pixels are too many")));
    let description = format!("LungLens segmentation, research use only, {}", extent(study));
    let segments = SEGMENTS.iter().map(|segment| describe(&context, segment)).collect();
    let per_frame = frames.iter().map(|frame| place(&context, frame)).collect::<Result<_, _>>()?;
    let data = context
        .common(uids::SEGMENTATION_STORAGE, "SEG", SERIES_NUMBER, &description)
        .text(tags::IMAGE_TYPE, "DERIVED\\PRIMARY")
        .item(
            tags::REFERENCED_SERIES_SEQUENCE,
            context.referenced_series(tags::REFERENCED_INSTANCE_SEQUENCE)?,
        )
        .text(tags::FRAME_OF_REFERENCE_UID, frame_of_reference)
        .text(tags::POSITION_REFERENCE_INDICATOR, "")
        .item(
            tags::DIMENSION_ORGANIZATION_SEQUENCE,
            Data::new().text(tags::DIMENSION_ORGANIZATION_UID, context.uids.of("dimensions")),
        )
        .items(tags::DIMENSION_INDEX_SEQUENCE, dimensions(&context))
        .shorts(tags::SAMPLES_PER_PIXEL, &[1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, frames.len().to_string())
        .shorts(tags::ROWS, &[size(geometry.rows)?])
        .shorts(tags::COLUMNS, &[size(geometry.columns)?])
        .shorts(tags::BITS_ALLOCATED, &[1])
        .shorts(tags::BITS_STORED, &[1])
        .shorts(tags::HIGH_BIT, &[0])
        .shorts(tags::PIXEL_REPRESENTATION, &[0])
        .text(tags::BURNED_IN_ANNOTATION, "NO")
        .text(tags::SEGMENTATION_TYPE, "BINARY")
        .text(tags::CONTENT_LABEL, "LUNGLENS")
        .text(tags::CONTENT_DESCRIPTION, shortened(&format!("{NOTICE} {}", extent(study)), 64))
        .text(tags::CONTENT_CREATOR_NAME, "")
        .items(tags::SEGMENT_SEQUENCE, segments)
        .item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared(&context))
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame)
        .pixels(pixels);
    context.file(with_loss(&context, data))
}

/// Says whether the images that were read lost something by compression; the segmentation itself does not (PS3.3,
/// C.8.20.2.2). Of several that did, the first that tells most speaks for all.
fn with_loss(context: &Context<'_>, data: Data) -> Data {
    let read = context.study.measured.slices.iter();
    let lossy = read
        .filter_map(|record| context.source.lossy.get(&record.index))
        .min_by_key(|lossy| (lossy.method.is_none(), lossy.ratio.is_none()));
    let Some(lossy) = lossy else { return data.text(tags::LOSSY_IMAGE_COMPRESSION, "00") };
    let known = [
        (tags::LOSSY_IMAGE_COMPRESSION_RATIO, &lossy.ratio),
        (tags::LOSSY_IMAGE_COMPRESSION_METHOD, &lossy.method),
    ];
    let known = known.into_iter().filter_map(|(tag, value)| Some((tag, value.as_deref()?)));
    known.fold(data.text(tags::LOSSY_IMAGE_COMPRESSION, "01"), |data, (tag, value)| data.text(tag, value))
}

/// The frames, segment by segment and upwards in each, and their pixels: one bit each, the first in the lowest bit, no
/// gap between frames (PS3.5, 8.1.1), an even number of bytes.
fn frames(context: &Context<'_>) -> Result<(Vec<Frame>, Vec<u8>), ExportError> {
    let (rows, columns) = (context.geometry.rows, context.geometry.columns);
    let mut bits = Bits::default();
    let mut frames = Vec::new();
    for (at, segment) in SEGMENTS.iter().enumerate() {
        for (read, record) in context.study.measured.slices.iter().enumerate() {
            let masks = decode(record, rows, columns)?;
            let mask = (segment.mask)(&masks);
            if mask.area() > 0 {
                bits.add(mask);
                frames.push(Frame { segment: at, read });
            }
        }
    }
    if frames.is_empty() {
        // An image has a frame at least, so nothing at all is one without a pixel.
        bits.add(&Mask::empty(rows, columns));
        frames.push(Frame { segment: 0, read: 0 });
    }
    Ok((frames, bits.finish()))
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    length: usize,
}

impl Bits {
    fn add(&mut self, mask: &Mask) {
        for &pixel in &mask.pixels {
            if self.length.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= pixel.min(1) << (self.length % 8);
            }
            self.length += 1;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        self.bytes
    }
}

fn describe(context: &Context<'_>, segment: &Segment) -> Data {
    let study = context.study;
    let program = program(study);
    let (category, kind) = (segment.category, segment.kind);
    let mut kind_code = Data::code(kind.0, SCT, kind.1);
    if let Some((value, meaning)) = segment.side {
        kind_code = kind_code
            .item(tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE, Data::code(value, SCT, meaning));
    }
    let algorithm = Data::new()
        .item(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, Data::code("123110", DCM, "Artificial Intelligence"))
        .text(tags::ALGORITHM_NAME, program.as_str())
        .text(tags::ALGORITHM_VERSION, shortened(&study.report.software.version, 64));
    Data::new()
        .item(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, Data::code(category.0, SCT, category.1))
        .item(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, kind_code)
        .item(tags::ANATOMIC_REGION_SEQUENCE, Data::code("39607008", SCT, "Lung"))
        .shorts(tags::SEGMENT_NUMBER, &[segment.number])
        .text(tags::SEGMENT_LABEL, segment.label)
        .text(tags::SEGMENT_DESCRIPTION, NOTICE)
        .text(tags::SEGMENT_ALGORITHM_TYPE, "AUTOMATIC")
        .text(tags::SEGMENT_ALGORITHM_NAME, program)
        .item(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, algorithm)
        .shorts(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, &segment.cie_lab)
        .text(tags::TRACKING_ID, format!("LungLens {}", segment.label))
        .text(tags::TRACKING_UID, context.uids.of(segment.label))
}

/// Frames are ordered by segment, then by place.
fn dimensions(context: &Context<'_>) -> Vec<Data> {
    let one = |pointer, group, label: &str| {
        Data::new()
            .text(tags::DIMENSION_ORGANIZATION_UID, context.uids.of("dimensions"))
            .tag(tags::DIMENSION_INDEX_POINTER, pointer)
            .tag(tags::FUNCTIONAL_GROUP_POINTER, group)
            .text(tags::DIMENSION_DESCRIPTION_LABEL, label)
    };
    vec![
        one(tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment"),
        one(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Place"),
    ]
}

/// What all frames share.
fn shared(context: &Context<'_>) -> Data {
    let (geometry, series) = (context.geometry, &context.study.report.series);
    let between = geometry.slice_spacing_mm * series.every as f64;
    let thickness = series.slice_thickness_mm.filter(|&mm| mm > 0.0).unwrap_or(geometry.slice_spacing_mm);
    let [a, b, c] = geometry.row_direction;
    let [d, e, f] = geometry.column_direction;
    Data::new()
        .item(
            tags::PIXEL_MEASURES_SEQUENCE,
            Data::new()
                .decimals(tags::SLICE_THICKNESS, &[thickness])
                .decimals(tags::SPACING_BETWEEN_SLICES, &[between])
                .decimals(tags::PIXEL_SPACING, &geometry.pixel_spacing_mm),
        )
        .item(
            tags::PLANE_ORIENTATION_SEQUENCE,
            Data::new().decimals(tags::IMAGE_ORIENTATION_PATIENT, &[a, b, c, d, e, f]),
        )
}

/// Where a frame lies and which image it is of.
fn place(context: &Context<'_>, frame: &Frame) -> Result<Data, ExportError> {
    let segment = &SEGMENTS[frame.segment];
    let record = context
        .study
        .measured
        .slices
        .get(frame.read)
        .ok_or_else(|| context.unfit("no slice was read".to_owned()))?;
    let instance = context.instance(record.index)?;
    let image = context
        .reference(instance)
        .item(
            tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
            Data::code("121322", DCM, "Source image for image processing operation"),
        )
        .text(tags::SPATIAL_LOCATIONS_PRESERVED, "YES");
    let derivation = Data::new()
        .item(tags::SOURCE_IMAGE_SEQUENCE, image)
        .item(tags::DERIVATION_CODE_SEQUENCE, Data::code("113076", DCM, "Segmentation"));
    Ok(Data::new()
        .item(tags::DERIVATION_IMAGE_SEQUENCE, derivation)
        .item(
            tags::FRAME_CONTENT_SEQUENCE,
            Data::new()
                .longs(tags::DIMENSION_INDEX_VALUES, &[u32::from(segment.number), frame.read as u32 + 1]),
        )
        .item(
            tags::PLANE_POSITION_SEQUENCE,
            Data::new().decimals(tags::IMAGE_POSITION_PATIENT, &instance.position_mm),
        )
        .item(
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            Data::new().shorts(tags::REFERENCED_SEGMENT_NUMBER, &[segment.number]),
        ))
}

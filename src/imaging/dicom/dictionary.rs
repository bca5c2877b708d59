//! Names and value representations of the elements that are read or written (PS3.6), in the order of their tags. The
//! standard's whole dictionary would be a tenth of the page's code.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// What the standard says about an element.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its tag.
    pub tag: Tag,
    /// Its value representation, as `*b"CS"`; of pixels and their padding the one that is written here.
    pub vr: [u8; 2],
    /// Its keyword.
    pub name: &'static str,
}

const fn entry(tag: Tag, vr: [u8; 2], name: &'static str) -> Entry {
    Entry { tag, vr, name }
}

#[rustfmt::skip]
const ENTRIES: [Entry; 146] = [
    entry(tags::FILE_META_INFORMATION_GROUP_LENGTH, *b"UL", "FileMetaInformationGroupLength"),
    entry(tags::FILE_META_INFORMATION_VERSION, *b"OB", "FileMetaInformationVersion"),
    entry(tags::MEDIA_STORAGE_SOP_CLASS_UID, *b"UI", "MediaStorageSOPClassUID"),
    entry(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, *b"UI", "MediaStorageSOPInstanceUID"),
    entry(tags::TRANSFER_SYNTAX_UID, *b"UI", "TransferSyntaxUID"),
    entry(tags::IMPLEMENTATION_CLASS_UID, *b"UI", "ImplementationClassUID"),
    entry(tags::IMPLEMENTATION_VERSION_NAME, *b"SH", "ImplementationVersionName"),
    entry(tags::DIRECTORY_RECORD_SEQUENCE, *b"SQ", "DirectoryRecordSequence"),
    entry(tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD, *b"UL", "OffsetOfTheNextDirectoryRecord"),
    entry(tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY, *b"UL", "OffsetOfReferencedLowerLevelDirectoryEntity"),
    entry(tags::DIRECTORY_RECORD_TYPE, *b"CS", "DirectoryRecordType"),
    entry(tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE, *b"UI", "ReferencedSOPInstanceUIDInFile"),
    entry(tags::SPECIFIC_CHARACTER_SET, *b"CS", "SpecificCharacterSet"),
    entry(tags::IMAGE_TYPE, *b"CS", "ImageType"),
    entry(tags::SOP_CLASS_UID, *b"UI", "SOPClassUID"),
    entry(tags::SOP_INSTANCE_UID, *b"UI", "SOPInstanceUID"),
    entry(tags::STUDY_DATE, *b"DA", "StudyDate"),
    entry(tags::CONTENT_DATE, *b"DA", "ContentDate"),
    entry(tags::STUDY_TIME, *b"TM", "StudyTime"),
    entry(tags::CONTENT_TIME, *b"TM", "ContentTime"),
    entry(tags::ACCESSION_NUMBER, *b"SH", "AccessionNumber"),
    entry(tags::MODALITY, *b"CS", "Modality"),
    entry(tags::MANUFACTURER, *b"LO", "Manufacturer"),
    entry(tags::REFERRING_PHYSICIAN_NAME, *b"PN", "ReferringPhysicianName"),
    entry(tags::CODE_VALUE, *b"SH", "CodeValue"),
    entry(tags::CODING_SCHEME_DESIGNATOR, *b"SH", "CodingSchemeDesignator"),
    entry(tags::CODE_MEANING, *b"LO", "CodeMeaning"),
    entry(tags::MAPPING_RESOURCE, *b"CS", "MappingResource"),
    entry(tags::SERIES_DESCRIPTION, *b"LO", "SeriesDescription"),
    entry(tags::MANUFACTURER_MODEL_NAME, *b"LO", "ManufacturerModelName"),
    entry(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, *b"SQ", "ReferencedPerformedProcedureStepSequence"),
    entry(tags::REFERENCED_SERIES_SEQUENCE, *b"SQ", "ReferencedSeriesSequence"),
    entry(tags::REFERENCED_INSTANCE_SEQUENCE, *b"SQ", "ReferencedInstanceSequence"),
    entry(tags::REFERENCED_SOP_CLASS_UID, *b"UI", "ReferencedSOPClassUID"),
    entry(tags::REFERENCED_SOP_INSTANCE_UID, *b"UI", "ReferencedSOPInstanceUID"),
    entry(tags::REFERENCED_FRAME_NUMBER, *b"IS", "ReferencedFrameNumber"),
    entry(tags::REFERENCED_SOP_SEQUENCE, *b"SQ", "ReferencedSOPSequence"),
    entry(tags::SOURCE_IMAGE_SEQUENCE, *b"SQ", "SourceImageSequence"),
    entry(tags::ANATOMIC_REGION_SEQUENCE, *b"SQ", "AnatomicRegionSequence"),
    entry(tags::FRAME_TYPE, *b"CS", "FrameType"),
    entry(tags::DERIVATION_IMAGE_SEQUENCE, *b"SQ", "DerivationImageSequence"),
    entry(tags::VOLUME_BASED_CALCULATION_TECHNIQUE, *b"CS", "VolumeBasedCalculationTechnique"),
    entry(tags::DERIVATION_CODE_SEQUENCE, *b"SQ", "DerivationCodeSequence"),
    entry(tags::PATIENT_NAME, *b"PN", "PatientName"),
    entry(tags::PATIENT_ID, *b"LO", "PatientID"),
    entry(tags::PATIENT_BIRTH_DATE, *b"DA", "PatientBirthDate"),
    entry(tags::PATIENT_SEX, *b"CS", "PatientSex"),
    entry(tags::PATIENT_IDENTITY_REMOVED, *b"CS", "PatientIdentityRemoved"),
    entry(tags::DEIDENTIFICATION_METHOD, *b"LO", "DeidentificationMethod"),
    entry(tags::BODY_PART_EXAMINED, *b"CS", "BodyPartExamined"),
    entry(tags::SLICE_THICKNESS, *b"DS", "SliceThickness"),
    entry(tags::SPACING_BETWEEN_SLICES, *b"DS", "SpacingBetweenSlices"),
    entry(tags::DEVICE_SERIAL_NUMBER, *b"LO", "DeviceSerialNumber"),
    entry(tags::SOFTWARE_VERSIONS, *b"LO", "SoftwareVersions"),
    entry(tags::CONVOLUTION_KERNEL, *b"SH", "ConvolutionKernel"),
    entry(tags::CT_IMAGE_FRAME_TYPE_SEQUENCE, *b"SQ", "CTImageFrameTypeSequence"),
    entry(tags::STUDY_INSTANCE_UID, *b"UI", "StudyInstanceUID"),
    entry(tags::SERIES_INSTANCE_UID, *b"UI", "SeriesInstanceUID"),
    entry(tags::STUDY_ID, *b"SH", "StudyID"),
    entry(tags::SERIES_NUMBER, *b"IS", "SeriesNumber"),
    entry(tags::ACQUISITION_NUMBER, *b"IS", "AcquisitionNumber"),
    entry(tags::INSTANCE_NUMBER, *b"IS", "InstanceNumber"),
    entry(tags::IMAGE_POSITION_PATIENT, *b"DS", "ImagePositionPatient"),
    entry(tags::IMAGE_ORIENTATION_PATIENT, *b"DS", "ImageOrientationPatient"),
    entry(tags::FRAME_OF_REFERENCE_UID, *b"UI", "FrameOfReferenceUID"),
    entry(tags::POSITION_REFERENCE_INDICATOR, *b"LO", "PositionReferenceIndicator"),
    entry(tags::FRAME_CONTENT_SEQUENCE, *b"SQ", "FrameContentSequence"),
    entry(tags::PLANE_POSITION_SEQUENCE, *b"SQ", "PlanePositionSequence"),
    entry(tags::PLANE_ORIENTATION_SEQUENCE, *b"SQ", "PlaneOrientationSequence"),
    entry(tags::DIMENSION_INDEX_VALUES, *b"UL", "DimensionIndexValues"),
    entry(tags::DIMENSION_ORGANIZATION_UID, *b"UI", "DimensionOrganizationUID"),
    entry(tags::DIMENSION_INDEX_POINTER, *b"AT", "DimensionIndexPointer"),
    entry(tags::FUNCTIONAL_GROUP_POINTER, *b"AT", "FunctionalGroupPointer"),
    entry(tags::DIMENSION_ORGANIZATION_SEQUENCE, *b"SQ", "DimensionOrganizationSequence"),
    entry(tags::DIMENSION_INDEX_SEQUENCE, *b"SQ", "DimensionIndexSequence"),
    entry(tags::DIMENSION_DESCRIPTION_LABEL, *b"LO", "DimensionDescriptionLabel"),
    entry(tags::SAMPLES_PER_PIXEL, *b"US", "SamplesPerPixel"),
    entry(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "PhotometricInterpretation"),
    entry(tags::NUMBER_OF_FRAMES, *b"IS", "NumberOfFrames"),
    entry(tags::ROWS, *b"US", "Rows"),
    entry(tags::COLUMNS, *b"US", "Columns"),
    entry(tags::PIXEL_SPACING, *b"DS", "PixelSpacing"),
    entry(tags::BITS_ALLOCATED, *b"US", "BitsAllocated"),
    entry(tags::BITS_STORED, *b"US", "BitsStored"),
    entry(tags::HIGH_BIT, *b"US", "HighBit"),
    entry(tags::PIXEL_REPRESENTATION, *b"US", "PixelRepresentation"),
    entry(tags::PIXEL_PADDING_VALUE, *b"US", "PixelPaddingValue"),
    entry(tags::PIXEL_PADDING_RANGE_LIMIT, *b"US", "PixelPaddingRangeLimit"),
    entry(tags::BURNED_IN_ANNOTATION, *b"CS", "BurnedInAnnotation"),
    entry(tags::RESCALE_INTERCEPT, *b"DS", "RescaleIntercept"),
    entry(tags::RESCALE_SLOPE, *b"DS", "RescaleSlope"),
    entry(tags::RESCALE_TYPE, *b"LO", "RescaleType"),
    entry(tags::SPATIAL_LOCATIONS_PRESERVED, *b"CS", "SpatialLocationsPreserved"),
    entry(tags::LOSSY_IMAGE_COMPRESSION, *b"CS", "LossyImageCompression"),
    entry(tags::LOSSY_IMAGE_COMPRESSION_RATIO, *b"DS", "LossyImageCompressionRatio"),
    entry(tags::LOSSY_IMAGE_COMPRESSION_METHOD, *b"CS", "LossyImageCompressionMethod"),
    entry(tags::PIXEL_MEASURES_SEQUENCE, *b"SQ", "PixelMeasuresSequence"),
    entry(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, *b"SQ", "PixelValueTransformationSequence"),
    entry(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, *b"SQ", "MeasurementUnitsCodeSequence"),
    entry(tags::RELATIONSHIP_TYPE, *b"CS", "RelationshipType"),
    entry(tags::VALUE_TYPE, *b"CS", "ValueType"),
    entry(tags::CONCEPT_NAME_CODE_SEQUENCE, *b"SQ", "ConceptNameCodeSequence"),
    entry(tags::CONTINUITY_OF_CONTENT, *b"CS", "ContinuityOfContent"),
    entry(tags::UID, *b"UI", "UID"),
    entry(tags::TEXT_VALUE, *b"UT", "TextValue"),
    entry(tags::FLOATING_POINT_VALUE, *b"FD", "FloatingPointValue"),
    entry(tags::CONCEPT_CODE_SEQUENCE, *b"SQ", "ConceptCodeSequence"),
    entry(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, *b"SQ", "PurposeOfReferenceCodeSequence"),
    entry(tags::MEASURED_VALUE_SEQUENCE, *b"SQ", "MeasuredValueSequence"),
    entry(tags::NUMERIC_VALUE, *b"DS", "NumericValue"),
    entry(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, *b"SQ", "PerformedProcedureCodeSequence"),
    entry(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, *b"SQ", "CurrentRequestedProcedureEvidenceSequence"),
    entry(tags::COMPLETION_FLAG, *b"CS", "CompletionFlag"),
    entry(tags::COMPLETION_FLAG_DESCRIPTION, *b"LO", "CompletionFlagDescription"),
    entry(tags::VERIFICATION_FLAG, *b"CS", "VerificationFlag"),
    entry(tags::PRELIMINARY_FLAG, *b"CS", "PreliminaryFlag"),
    entry(tags::CONTENT_TEMPLATE_SEQUENCE, *b"SQ", "ContentTemplateSequence"),
    entry(tags::CONTENT_SEQUENCE, *b"SQ", "ContentSequence"),
    entry(tags::TEMPLATE_IDENTIFIER, *b"CS", "TemplateIdentifier"),
    entry(tags::SEGMENTATION_TYPE, *b"CS", "SegmentationType"),
    entry(tags::SEGMENT_SEQUENCE, *b"SQ", "SegmentSequence"),
    entry(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, *b"SQ", "SegmentedPropertyCategoryCodeSequence"),
    entry(tags::SEGMENT_NUMBER, *b"US", "SegmentNumber"),
    entry(tags::SEGMENT_LABEL, *b"LO", "SegmentLabel"),
    entry(tags::SEGMENT_DESCRIPTION, *b"ST", "SegmentDescription"),
    entry(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, *b"SQ", "SegmentationAlgorithmIdentificationSequence"),
    entry(tags::SEGMENT_ALGORITHM_TYPE, *b"CS", "SegmentAlgorithmType"),
    entry(tags::SEGMENT_ALGORITHM_NAME, *b"LO", "SegmentAlgorithmName"),
    entry(tags::SEGMENT_IDENTIFICATION_SEQUENCE, *b"SQ", "SegmentIdentificationSequence"),
    entry(tags::REFERENCED_SEGMENT_NUMBER, *b"US", "ReferencedSegmentNumber"),
    entry(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, *b"US", "RecommendedDisplayCIELabValue"),
    entry(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, *b"SQ", "SegmentedPropertyTypeCodeSequence"),
    entry(tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE, *b"SQ", "SegmentedPropertyTypeModifierCodeSequence"),
    entry(tags::TRACKING_ID, *b"UT", "TrackingID"),
    entry(tags::TRACKING_UID, *b"UI", "TrackingUID"),
    entry(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, *b"SQ", "AlgorithmFamilyCodeSequence"),
    entry(tags::ALGORITHM_VERSION, *b"LO", "AlgorithmVersion"),
    entry(tags::ALGORITHM_NAME, *b"LO", "AlgorithmName"),
    entry(tags::CONTENT_LABEL, *b"CS", "ContentLabel"),
    entry(tags::CONTENT_DESCRIPTION, *b"LO", "ContentDescription"),
    entry(tags::CONTENT_CREATOR_NAME, *b"PN", "ContentCreatorName"),
    entry(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", "SharedFunctionalGroupsSequence"),
    entry(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", "PerFrameFunctionalGroupsSequence"),
    entry(tags::FLOAT_PIXEL_DATA, *b"OF", "FloatPixelData"),
    entry(tags::DOUBLE_FLOAT_PIXEL_DATA, *b"OD", "DoubleFloatPixelData"),
    entry(tags::PIXEL_DATA, *b"OB", "PixelData"),
];

/// The entry of a tag.
pub fn entry_of(tag: Tag) -> Option<&'static Entry> {
    ENTRIES.binary_search_by_key(&tag, |entry| entry.tag).ok().map(|index| &ENTRIES[index])
}

#[cfg(test)]
mod tests {
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
    use dicom_dictionary_std::StandardDataDictionary;

    use super::*;

    #[test]
    fn the_entries_are_those_of_the_standard() {
        for Entry { tag, vr, name } in &ENTRIES {
            let standard = StandardDataDictionary.by_tag(*tag).unwrap();
            assert_eq!(*name, standard.alias());
            let vr = std::str::from_utf8(vr).unwrap();
            match standard.vr() {
                VirtualVr::Exact(expected) => assert_eq!(vr, expected.to_string(), "{name}"),
                VirtualVr::Xs => assert!(["US", "SS"].contains(&vr), "{name}"),
                VirtualVr::Px => assert!(["OB", "OW"].contains(&vr), "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(ENTRIES.is_sorted_by_key(|entry| entry.tag));
    }
}

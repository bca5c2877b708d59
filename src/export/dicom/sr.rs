//! DICOM Structured Report (PS3.16, TID 1500): the study's measurements for systems to read.

use dicom_dictionary_std::{tags, uids};

use super::super::{DicomSource, ExportError, ExportOptions, ExportStudy};
use super::data::{Data, decimal};
use super::{Context, DCM, NOTICE, OWN, SCT, extent, program};
use crate::severity::Finding;
use crate::study::{Composition, Height, LesionInfo, Side, VolumeInvolvement, Zone};

const SERIES_NUMBER: i32 = 9302;

/// A code: value, scheme, meaning.
type Code = (&'static str, &'static str, &'static str);

const LUNG: Code = ("39607008", SCT, "Lung");
const BOTH: Code = ("51440002", SCT, "Right and left");
const LESION: Code = ("52988006", SCT, "Lesion");
const ANATOMY: Code = ("91723000", SCT, "Anatomical Structure");
const ABNORMAL: Code = ("49755003", SCT, "Morphologically Abnormal Structure");
const VOLUME: Code = ("118565006", SCT, "Volume");
const LESION_VOLUME: Code = ("lesion-volume", OWN, "Volume of lesions in the lung");
const INVOLVEMENT: Code = ("involvement", OWN, "Share of the lung's volume that is lesion");
const SCORE: Code = ("ct-score", OWN, "CT severity score, 0 to 24");
const ZONE_SCORE: Code = ("ct-zone-score", OWN, "CT severity score of a zone, 0 to 4");
const LESION_COUNT: Code = ("lesion-count", OWN, "Number of lesions");
const AERATED: Code = ("share-aerated", OWN, "Share of lesions below -750 HU");
const GROUND_GLASS: Code = ("share-ggo", OWN, "Share of lesions from -750 to -400 HU");
const CONSOLIDATION: Code = ("share-consolid", OWN, "Share of lesions from -400 to 0 HU");
const DENSER: Code = ("share-denser", OWN, "Share of lesions from 0 HU on");
const MOSMED: Code = ("mosmed", OWN, "MosMed category by measured involvement");
const FINDING: Code = ("severity", OWN, "Severity by involvement of both lungs");

const ML: Code = ("mL", "UCUM", "mL");
const PERCENT: Code = ("%", "UCUM", "Percent");
const HOUNSFIELD: Code = ("[hnsf'U]", "UCUM", "Hounsfield unit");
const NO_UNIT: Code = ("1", "UCUM", "no units");

const OBSERVED: &str = "HAS OBS CONTEXT";
const MODIFIED: &str = "HAS CONCEPT MOD";
const CONTAINS: &str = "CONTAINS";

/// The bytes of a Comprehensive 3D SR. It says that it is partial where not all slices were read.
pub fn structured_report(
    study: &ExportStudy<'_>,
    source: &DicomSource,
    options: &ExportOptions,
) -> Result<Vec<u8>, ExportError> {
    let context = Context::new(study, source, options, "the DICOM report")?;
    let description = format!("LungLens measurements, research use only, {}", extent(study));
    let evidence = Data::new()
        .item(tags::REFERENCED_SERIES_SEQUENCE, context.referenced_series(tags::REFERENCED_SOP_SEQUENCE)?)
        .text(tags::STUDY_INSTANCE_UID, source.study_uid.as_str());
    let whole = study.report.series.every == 1;
    let data = context
        .common(uids::COMPREHENSIVE3_DSR_STORAGE, "SR", SERIES_NUMBER, &description)
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .item(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence)
        .text(tags::COMPLETION_FLAG, if whole { "COMPLETE" } else { "PARTIAL" })
        .text(tags::COMPLETION_FLAG_DESCRIPTION, extent(study))
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .text(tags::PRELIMINARY_FLAG, "PRELIMINARY")
        .text(tags::VALUE_TYPE, "CONTAINER")
        .item(tags::CONCEPT_NAME_CODE_SEQUENCE, code(("126000", DCM, "Imaging Measurement Report")))
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .item(tags::CONTENT_TEMPLATE_SEQUENCE, template("1500"))
        .items(tags::CONTENT_SEQUENCE, content(&context)?);
    context.file(data)
}

fn code((value, scheme, meaning): Code) -> Data {
    Data::code(value, scheme, meaning)
}

fn template(number: &str) -> Data {
    Data::new().text(tags::MAPPING_RESOURCE, "DCMR").text(tags::TEMPLATE_IDENTIFIER, number)
}

/// A content item without its value.
fn item(relation: &str, kind: &str, name: Code) -> Data {
    Data::new()
        .text(tags::RELATIONSHIP_TYPE, relation)
        .text(tags::VALUE_TYPE, kind)
        .item(tags::CONCEPT_NAME_CODE_SEQUENCE, code(name))
}

fn coded(relation: &str, name: Code, value: Data) -> Data {
    item(relation, "CODE", name).item(tags::CONCEPT_CODE_SEQUENCE, value)
}

fn text(relation: &str, name: Code, value: impl Into<String>) -> Data {
    item(relation, "TEXT", name).text(tags::TEXT_VALUE, value)
}

fn uid(relation: &str, name: Code, value: impl Into<String>) -> Data {
    item(relation, "UIDREF", name).text(tags::UID, value)
}

fn container(name: Code, items: Vec<Data>) -> Data {
    item(CONTAINS, "CONTAINER", name)
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .items(tags::CONTENT_SEQUENCE, items)
}

/// A measurement, its number as the report has it.
fn number(name: Code, value: f64, unit: Code) -> Data {
    let measured = Data::new()
        .item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, code(unit))
        .double(tags::FLOATING_POINT_VALUE, value)
        .text(tags::NUMERIC_VALUE, decimal(value));
    item(CONTAINS, "NUM", name).item(tags::MEASURED_VALUE_SEQUENCE, measured)
}

fn mean_hu(value: f64) -> Data {
    let mean = coded(MODIFIED, ("121401", DCM, "Derivation"), code(("373098007", SCT, "Mean")));
    number(("112031", DCM, "Attenuation Coefficient"), value, HOUNSFIELD).item(tags::CONTENT_SEQUENCE, mean)
}

fn image(context: &Context<'_>, name: Code, index: usize) -> Result<Data, ExportError> {
    let reference = context.reference(context.instance(index)?);
    Ok(item(CONTAINS, "IMAGE", name).item(tags::REFERENCED_SOP_SEQUENCE, reference))
}

/// The rows of TID 1500.
fn content(context: &Context<'_>) -> Result<Vec<Data>, ExportError> {
    let report = context.study.report;
    let mut items = vec![coded(
        MODIFIED,
        ("121049", DCM, "Language of Content Item and Descendants"),
        code(("en", "RFC5646", "English")),
    )];
    items.extend([
        coded(OBSERVED, ("121005", DCM, "Observer Type"), code(("121007", DCM, "Device"))),
        uid(OBSERVED, ("121012", DCM, "Device Observer UID"), context.uids.of("observer")),
        text(OBSERVED, ("121013", DCM, "Device Observer Name"), program(context.study)),
        text(OBSERVED, ("121014", DCM, "Device Observer Manufacturer"), report.software.name.as_str()),
        text(OBSERVED, ("121015", DCM, "Device Observer Model Name"), program(context.study)),
        text(
            OBSERVED,
            ("121016", DCM, "Device Observer Serial Number"),
            format!("weights SHA-256 {}", report.model.sha256),
        ),
        coded(MODIFIED, ("121058", DCM, "Procedure reported"), code(("169069000", SCT, "CT of chest"))),
        image_library(context)?,
        container(("126010", DCM, "Imaging Measurements"), groups(context)?),
    ]);
    Ok(items)
}

/// The images that were read.
fn image_library(context: &Context<'_>) -> Result<Data, ExportError> {
    let read = context.study.measured.slices.iter();
    let images: Result<Vec<Data>, ExportError> =
        read.map(|record| image(context, ("260753009", SCT, "Source"), record.index)).collect();
    let group = container(("126200", DCM, "Image Library Group"), images?);
    Ok(container(("111028", DCM, "Image Library"), vec![group]))
}

fn groups(context: &Context<'_>) -> Result<Vec<Data>, ExportError> {
    let assessment = &context.study.report.assessment;
    let mut groups = vec![
        both_lungs(context),
        lung(context, "Right lung", side(Side::Right), &assessment.right),
        lung(context, "Left lung", side(Side::Left), &assessment.left),
    ];
    groups.extend(assessment.zones.iter().map(|each| zone(context, each)));
    for each in &context.study.report.lesions {
        groups.push(lesion(context, each)?);
    }
    Ok(groups)
}

/// A measurement group of TID 1501 that begins with what it is about.
fn group(
    context: &Context<'_>,
    name: &str,
    category: Code,
    finding: Code,
    place: Code,
    rest: Vec<Data>,
) -> Data {
    let software = &context.study.report.software;
    let laterality = coded(MODIFIED, ("272741003", SCT, "Laterality"), code(place));
    let site = coded(MODIFIED, ("363698007", SCT, "Finding Site"), code(LUNG));
    let mut items = vec![
        text(OBSERVED, ("112039", DCM, "Tracking Identifier"), name),
        uid(OBSERVED, ("112040", DCM, "Tracking Unique Identifier"), context.uids.of(name)),
        coded(CONTAINS, ("276214006", SCT, "Finding category"), code(category)),
        coded(CONTAINS, ("121071", DCM, "Finding"), code(finding)),
        site.item(tags::CONTENT_SEQUENCE, laterality),
        text(MODIFIED, ("111001", DCM, "Algorithm Name"), program(context.study)),
        text(MODIFIED, ("111003", DCM, "Algorithm Version"), software.version.as_str()),
    ];
    items.extend(rest);
    container(("125007", DCM, "Measurement Group"), items)
        .item(tags::CONTENT_TEMPLATE_SEQUENCE, template("1501"))
}

fn comment(value: impl Into<String>) -> Data {
    text(CONTAINS, ("121106", DCM, "Comment"), value)
}

/// Volumes and involvement; without lung there is no percentage.
fn involvement(part: &VolumeInvolvement) -> Vec<Data> {
    let mut items = Vec::new();
    items.extend(part.lung_ml.map(|ml| number(VOLUME, ml, ML)));
    items.extend(part.lesion_ml.map(|ml| number(LESION_VOLUME, ml, ML)));
    items.extend(part.percent.map(|percent| number(INVOLVEMENT, percent, PERCENT)));
    items
}

/// Both lungs together, with the grades of the patient and the statement that all of it is research.
fn both_lungs(context: &Context<'_>) -> Data {
    let report = context.study.report;
    let assessment = &report.assessment;
    let mut items = involvement(&assessment.lungs);
    items.push(number(LESION_COUNT, assessment.lesion_count as f64, NO_UNIT));
    items.extend(assessment.ct_severity_score.map(|score| number(SCORE, f64::from(score), NO_UNIT)));
    items.extend(assessment.mean_hu.map(mean_hu));
    items.extend(assessment.composition.iter().flat_map(shares));
    if let Some(grade) = assessment.mosmed {
        let grade = grade.to_string();
        items.push(coded(CONTAINS, MOSMED, Data::code(&grade.to_lowercase(), OWN, &grade)));
    }
    items.push(coded(CONTAINS, FINDING, code(finding(assessment.finding))));
    let (read, slices) = (report.series.slices_read, report.series.slices);
    items.push(comment(format!(
        "{NOTICE} Measured by {} {} on {read} of {slices} slices ({}). Alarming from {} % involvement of both lungs on.",
        program(context.study),
        report.software.version,
        extent(context.study),
        assessment.alarming_from_percent,
    )));
    group(context, "Both lungs", ANATOMY, LUNG, BOTH, items)
}

fn shares(composition: &Composition) -> Vec<Data> {
    [
        (AERATED, composition.aerated_percent),
        (GROUND_GLASS, composition.ground_glass_percent),
        (CONSOLIDATION, composition.consolidation_percent),
        (DENSER, composition.denser_percent),
    ]
    .map(|(name, percent)| number(name, percent, PERCENT))
    .into()
}

fn finding(finding: Finding) -> Code {
    match finding {
        Finding::NoLungFound => ("no-lung-found", OWN, "No lung found"),
        Finding::NoLesionFound => ("no-lesion-found", OWN, "No lesion found"),
        Finding::Mild => ("mild", OWN, "Mild"),
        Finding::Alarming => ("alarming", OWN, "Alarming"),
    }
}

fn side(side: Side) -> Code {
    match side {
        Side::Left => ("7771000", SCT, "Left"),
        Side::Right => ("24028007", SCT, "Right"),
    }
}

fn lung(context: &Context<'_>, name: &str, place: Code, part: &VolumeInvolvement) -> Data {
    group(context, name, ANATOMY, LUNG, place, involvement(part))
}

/// A third of a lung's height. SNOMED CT has lobes and fields, not thirds: the name says which it is.
fn zone(context: &Context<'_>, zone: &Zone) -> Data {
    let side_name = match zone.side {
        Side::Left => "Left",
        Side::Right => "Right",
    };
    let height = match zone.height {
        Height::Upper => "upper",
        Height::Middle => "middle",
        Height::Lower => "lower",
    };
    let mut items = involvement(&zone.involvement);
    items.extend(zone.score.map(|score| number(ZONE_SCORE, f64::from(score), NO_UNIT)));
    let name = format!("{side_name} lung, {height} third of its height");
    group(context, &name, ANATOMY, LUNG, side(zone.side), items)
}

fn lesion(context: &Context<'_>, lesion: &LesionInfo) -> Result<Data, ExportError> {
    let mut items = Vec::new();
    items.extend(lesion.volume_ml.map(|ml| number(VOLUME, ml, ML)));
    items.extend(lesion.mean_hu.map(mean_hu));
    items.extend(lesion.composition.iter().flat_map(shares));
    items.push(image(context, ("121112", DCM, "Source of Measurement"), lesion.largest_slice)?);
    let name = format!("Lesion {}", lesion.id);
    Ok(group(context, &name, ABNORMAL, LESION, side(lesion.side), items))
}

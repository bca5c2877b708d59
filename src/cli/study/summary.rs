//! The one line that sums a study up.

use std::time::Duration;

use lunglens::severity::Finding;
use lunglens::study::{StudyReport, VolumeInvolvement};
use lunglens::words::{counted, graded_percent, tenths};

use crate::cli::summary::describe_device;

/// For example `patient: Mild, lung involvement 7.3 % (left 9.1 %, right 5.2 %), 310.2 of 4250.0 ml in 3 lesions,
/// MosMed CT-1, CT severity score 6 of 24, 120 slices, GPU: llvmpipe, 62.1 s`.
pub fn line(name: &str, study: &StudyReport, time: Duration) -> String {
    let devices: Vec<String> = study.devices.iter().map(describe_device).collect();
    let slices = match study.series.every {
        1 => counted(study.series.slices, "slice"),
        every => {
            format!("{} of {} slices (1 in {every} read)", study.series.slices_read, study.series.slices)
        }
    };
    format!("{name}: {}, {slices}, {}, {:.1} s", grade(study), devices.join(", then "), time.as_secs_f32())
}

fn grade(study: &StudyReport) -> String {
    let assessment = &study.assessment;
    if assessment.finding == Finding::NoLungFound {
        return assessment.finding.to_string();
    }
    let lesions = counted(assessment.lesion_count, "lesion");
    let mosmed = assessment.mosmed.map(|grade| format!(", MosMed {grade}")).unwrap_or_default();
    let score = assessment.ct_severity_score;
    let score = score.map(|score| format!(", CT severity score {score} of 24")).unwrap_or_default();
    let volumes = match (assessment.lungs.lesion_ml, assessment.lungs.lung_ml) {
        (Some(lesion), Some(lung)) => format!("{} of {} ml in ", tenths(lesion), tenths(lung)),
        _ => String::new(),
    };
    let percent = |part: &VolumeInvolvement| {
        let graded = |percent| graded_percent(percent, &assessment.limits());
        part.exact_percent().map_or("not found".to_owned(), graded)
    };
    format!(
        "{}, lung involvement {} (left {}, right {}), {volumes}{lesions}{mosmed}{score}",
        assessment.finding,
        percent(&assessment.lungs),
        percent(&assessment.left),
        percent(&assessment.right),
    )
}

//! A study's result in words and figures: grades, volumes, zones, lesions.

use std::rc::Rc;

use lunglens::report::DeviceKind;
use lunglens::severity::Finding;
use lunglens::study::{
    Assessment, Height, Lacking, LesionInfo, MosMed, Side, StudyReport, VolumeInvolvement, Zone,
};
use yew::prelude::*;

use super::findings::{gauge, grade};
use super::language::use_text;
use crate::format;
use crate::outcome::{Outcome, StudyOutcome};
use crate::protocol::DeviceSummary;
use crate::strings::causes::not_measured;
use crate::strings::text;

/// Properties of [`StudyResult`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The result.
    pub outcome: Rc<Outcome>,
    /// The lesion that is looked at.
    pub lesion: Option<usize>,
    /// A lesion was pressed.
    pub on_lesion: Callback<usize>,
}

/// Properties of [`StudyFacts`].
#[derive(Properties, PartialEq)]
pub struct FactsProps {
    /// The result.
    pub outcome: Rc<Outcome>,
}

/// The result in one sentence, for a screen reader.
pub fn spoken(study: &StudyOutcome) -> String {
    let t = text();
    let assessment = &study.report.assessment;
    let (name, hint, _) = grade(assessment.finding);
    match graded_percent(&assessment.lungs, assessment) {
        None => format!("{}{}{name}. {hint}", t.result, t.colon),
        Some(percent) => format!("{}{}{name}. {} {percent}.", t.result, t.colon, t.involvement),
    }
}

/// The cards beside the slices.
#[component]
pub fn StudyResult(props: &Props) -> Html {
    let t = use_text();
    let Outcome::Study(study) = props.outcome.as_ref() else { return Html::default() };
    let report = &study.report;
    let assessment = &report.assessment;
    let (name, _, class) = grade(assessment.finding);
    let limit = assessment.alarming_from_percent;
    let hint = match assessment.finding {
        Finding::Mild => t.study_mild_hint.replace("{limit}", &format::share(&limit.to_string())),
        Finding::Alarming => t.study_alarming_hint.replace("{limit}", &format::share(&limit.to_string())),
        Finding::NoLesionFound => t.no_lesion_hint.to_owned(),
        Finding::NoLungFound => t.no_lung_hint.to_owned(),
    };
    html! {
        <>
            <section class="card result" aria-labelledby="result-title">
                <h2 id="result-title" class="visually-hidden">{ t.result }</h2>
                <p class={classes!("badge", class)} data-field="severity">{ name }</p>
                <p class="hint">{ hint }</p>
                if report.series.every > 1 {
                    <p class="hint" data-field="every">
                        { t.of_slices.replace("{read}", &report.series.slices_read.to_string()).replace("{all}", &report.series.slices.to_string()) }
                    </p>
                }
                if report.series.continued_by > 0 {
                    <p class="hint" data-field="continued">{ t.continued }</p>
                }
                if assessment.finding != Finding::NoLungFound {
                    <dl class="grades">
                        if report.lacks(Lacking::Zones).is_none() {
                            { score(t.severity_score, assessment.ct_severity_score.map(|s| format!("{s} / 24")), "score") }
                        }
                        { score(t.mosmed, assessment.mosmed.map(mosmed_name), "mosmed") }
                        if report.lacks(Lacking::Volumes).is_none() {
                            { score(t.lesion_volume, assessment.lungs.lesion_ml.map(format::ml), "lesion-ml") }
                            { score(t.lung_volume, assessment.lungs.lung_ml.map(format::ml), "lung-ml") }
                        }
                    </dl>
                    <h3>{ t.involvement }</h3>
                    <dl class="involvement">
                        { involvement(t.whole, &assessment.lungs, assessment, "whole") }
                        { involvement(t.right, &assessment.right, assessment, "right") }
                        { involvement(t.left, &assessment.left, assessment, "left") }
                    </dl>
                    if !assessment.zones.is_empty() {
                        { zones(report) }
                    }
                    if let Some(shares) = &assessment.composition {
                        <p class="hint" data-field="composition">
                            { format::composition(shares) }
                        </p>
                    }
                }
                if !report.not_measured.is_empty() {
                    <ul class="hint" data-field="not-measured">
                        { for report.not_measured.iter().map(|one| html! { <li>{ not_measured(t, one) }</li> }) }
                    </ul>
                }
                <p class="hint">{ t.notice_research }{ " " }{ t.not_validated }</p>
            </section>
            <section class="card instances" aria-labelledby="instances-title">
                <h2 id="instances-title">{ t.lesions }<span class="count" data-field="lesion-count">{ report.lesions.len() }</span></h2>
                if report.lesions.is_empty() {
                    <p class="hint">{ t.no_lesions }</p>
                } else {
                    <p class="hint screen-only">{ t.lesions_hint }</p>
                }
                <ol>{ for report.lesions.iter().enumerate().map(|(index, lesion)| lesion_button(props, index, lesion)) }</ol>
            </section>
        </>
    }
}

/// How the result came about.
#[component]
pub fn StudyFacts(props: &FactsProps) -> Html {
    let t = use_text();
    let Outcome::Study(study) = props.outcome.as_ref() else { return Html::default() };
    let report = &study.report;
    let series = &report.series;
    let voxel = match (series.pixel_spacing_mm, series.step_mm) {
        (Some([row_mm, column_mm]), Some(step_mm)) => {
            let sides = [row_mm, column_mm, step_mm].map(|mm| format::decimal(mm, 2)).join(" \u{d7} ");
            format::in_unit(t.units.mm, &sides)
        }
        _ => t.not_told.to_owned(),
    };
    let devices: Vec<String> = report
        .devices
        .iter()
        .map(|d| format::device(&DeviceSummary { gpu: d.kind == DeviceKind::Gpu, name: d.name.clone() }))
        .collect();
    // Of the voxels beside it, which are as high as the step between the slices that were read.
    let size = format!("{} \u{d7} {} \u{d7} {}", series.columns, series.rows, series.slices_read);
    html! {
        <section class="card facts">
            <dl>
                <div><dt>{ t.size }</dt><dd>{ size }</dd></div>
                <div><dt>{ t.voxel }</dt><dd data-field="voxel">{ voxel }</dd></div>
                <div><dt>{ t.slices_read }</dt><dd data-field="slices-read">{ series.slices_read }</dd></div>
                <div><dt>{ t.model }</dt><dd>{ &report.model.id }</dd></div>
                <div><dt>{ t.device }</dt><dd data-field="report-device">{ devices.join(t.list_comma) }</dd></div>
                <div><dt>{ t.time }</dt><dd data-field="time">{ format::seconds(study.millis) }</dd></div>
            </dl>
        </section>
    }
}

fn mosmed_name(grade: MosMed) -> String {
    grade.to_string().replace("CT", text().mosmed_ct)
}

fn score(label: &'static str, value: Option<String>, field: &'static str) -> Html {
    html! {
        <div><dt>{ label }</dt><dd data-field={field}>{ value.unwrap_or_else(|| text().not_told.into()) }</dd></div>
    }
}

/// An involvement as it is written beside the grades; none without lung.
fn graded_percent(value: &VolumeInvolvement, assessment: &Assessment) -> Option<String> {
    value.exact_percent().map(|percent| format::graded_percent(percent, &assessment.limits()))
}

fn involvement(
    label: &'static str,
    value: &VolumeInvolvement,
    assessment: &Assessment,
    side: &'static str,
) -> Html {
    let t = text();
    let Some((percent, written)) = value.percent.zip(graded_percent(value, assessment)) else {
        return html! { <div class="row"><dt>{ label }</dt><dd class="hint" data-involvement={side}>{ t.no_lung_side }</dd></div> };
    };
    html! {
        <div class="row">
            <dt>{ label }</dt>
            <dd>
                <span class="amount" data-involvement={side}>{ written }</span>
                <span class="figure">{ format!("{} / {}", extent(value.lesion_ml, value.lesion_voxels), extent(value.lung_ml, value.lung_voxels)) }</span>
                { gauge(percent as f32, assessment.alarming_from_percent) }
            </dd>
        </div>
    }
}

/// A volume in ml where known, else in voxels.
fn extent(ml: Option<f64>, voxels: u64) -> String {
    ml.map_or_else(|| format::pixels(voxels), format::ml)
}

/// The six zones, as one looks at the patient: the right lung on the left.
fn zones(report: &StudyReport) -> Html {
    let t = text();
    let heights = [(Height::Upper, t.upper), (Height::Middle, t.middle), (Height::Lower, t.lower)];
    let cell = |side: Side, height: Height| {
        let of = |zone: &&Zone| zone.side == side && zone.height == height;
        let zone = report.assessment.zones.iter().find(of);
        let percent = zone.and_then(|zone| graded_percent(&zone.involvement, &report.assessment));
        let id = format!("{side:?}-{height:?}").to_lowercase();
        html! {
            <td data-zone={id}>
                { percent.unwrap_or_else(|| t.not_told.to_owned()) }
                if let Some(score) = zone.and_then(|zone| zone.score) {
                    <span class="zone-score">{ score }</span>
                }
            </td>
        }
    };
    let rows = heights.into_iter().map(|(height, label)| {
        html! { <tr key={label}><th scope="row">{ label }</th>{ cell(Side::Right, height) }{ cell(Side::Left, height) }</tr> }
    });
    html! {
        <table class="zones">
            <caption>{ t.zones }</caption>
            <thead><tr><td></td><th scope="col">{ t.right }</th><th scope="col">{ t.left }</th></tr></thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}

fn lesion_button(props: &Props, index: usize, lesion: &LesionInfo) -> Html {
    let t = text();
    let press = props.on_lesion.reform(move |_: MouseEvent| index);
    let lit = props.lesion == Some(index);
    let side = match lesion.side {
        Side::Left => t.left_short,
        Side::Right => t.right_short,
    };
    let slices = match (lesion.first_slice + 1, lesion.last_slice + 1) {
        (first, last) if first == last => format!("{} {first}", t.slice),
        (first, last) => format!("{} {first}\u{2013}{last}", t.slices),
    };
    html! {
        <li key={index}>
            <button type="button" class={classes!("instance", "is-lesion", lit.then_some("is-lit"))} aria-pressed={lit.to_string()}
                data-lesion={index.to_string()} onclick={press}>
                <span class="instance-name">{ format!("{} {}", t.lesion, lesion.id) }</span>
                <span class="figure">{ extent(lesion.volume_ml, lesion.voxels) }</span>
                if let Some(mean_hu) = lesion.mean_hu {
                    <span class="figure hu">{ format!("{mean_hu:.0}\u{a0}{}", t.of_viewer.hu).replace('-', "\u{2212}") }</span>
                }
                <span class="figure place">{ format!("{side}{}{slices}", t.comma) }</span>
            </button>
        </li>
    }
}

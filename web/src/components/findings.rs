//! The result in words and figures: grade, involvement, instances, and how it came about.

use std::rc::Rc;

use lunglens::imaging::PicturePart;
use lunglens::report::{ClassName, DeviceKind, Report};
use lunglens::severity::{Assessment, Finding, Involvement};
use yew::prelude::*;

use super::language::use_text;
use super::slice_map::slice_map;
use crate::outcome::{Outcome, SliceOutcome};
use crate::protocol::DeviceSummary;
use crate::{format, strings::text};

/// Properties of [`Findings`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The result.
    pub outcome: Rc<Outcome>,
    /// How many slices there are where this one is from.
    pub slices: usize,
    /// The lit instance.
    pub lit: Option<usize>,
    /// The instance that stays lit.
    pub pinned: Option<usize>,
    /// An instance is pointed at or focused, or none is.
    pub on_light: Callback<Option<usize>>,
    /// An instance was pressed.
    pub on_pin: Callback<usize>,
    /// One of several slices on a picture is to be read alone.
    pub on_part: Callback<PicturePart>,
}

/// Properties of [`Facts`].
#[derive(Properties, PartialEq)]
pub struct FactsProps {
    /// The result.
    pub outcome: Rc<Outcome>,
}

/// Name, explanation for a slice, and CSS class of a finding.
pub fn grade(finding: Finding) -> (&'static str, &'static str, &'static str) {
    let t = text();
    match finding {
        Finding::Mild => (t.mild, t.mild_hint, "is-mild"),
        Finding::Alarming => (t.alarming, t.alarming_hint, "is-alarming"),
        Finding::NoLesionFound => (t.no_lesion, t.no_lesion_hint, "is-clear"),
        Finding::NoLungFound => (t.no_lung, t.no_lung_hint, "is-unknown"),
    }
}

/// The same of a slice's result: what mixes several slices has no grade.
fn grade_of(assessment: &Assessment) -> (&'static str, &'static str, &'static str) {
    let t = text();
    match assessment.several_slices {
        true => (t.several_slices, t.several_slices_hint, "is-unknown"),
        false => grade(assessment.finding),
    }
}

/// The result in one sentence, for a screen reader.
pub fn spoken(slice: &SliceOutcome) -> String {
    let t = text();
    let assessment = &slice.report.assessment;
    let (name, hint, _) = grade_of(assessment);
    match assessment.finding {
        _ if assessment.several_slices => format!("{}{}{name}. {hint}", t.result, t.colon),
        Finding::NoLungFound => format!("{}{}{name}. {hint}", t.result, t.colon),
        _ => {
            format!(
                "{}{}{name}. {} {}.",
                t.result,
                t.colon,
                t.involvement,
                graded_percent(&assessment.lungs, assessment.alarming_from_percent)
            )
        }
    }
}

/// The cards beside the slice.
#[component]
pub fn Findings(props: &Props) -> Html {
    let t = use_text();
    let Outcome::Slice(slice) = props.outcome.as_ref() else { return Html::default() };
    let report = &slice.report;
    let assessment = &report.assessment;
    let (name, hint, class) = grade_of(assessment);
    let limit = assessment.alarming_from_percent;
    let hint = match assessment.finding {
        Finding::Mild | Finding::Alarming => hint.replace("{limit}", &format::share(&limit.to_string())),
        _ => hint.to_owned(),
    };
    html! {
        <>
            <section class="card result" aria-labelledby="result-title">
                <h2 id="result-title" class="visually-hidden">{ t.result }</h2>
                // The picture may show another one.
                if props.slices > 1 {
                    <p class="small of-slice screen-only" data-field="of-slice">{ format::one_of(slice.index, props.slices) }</p>
                }
                <p class={classes!("badge", class)} data-field="severity">{ name }</p>
                <p class="hint">{ hint }</p>
                if assessment.finding != Finding::NoLungFound {
                    <h3>{ t.involvement }</h3>
                    <dl class="involvement">
                        { involvement(t.whole, Some(&assessment.lungs), limit, "whole") }
                        if !assessment.several_slices {
                            { involvement(t.right, assessment.right.as_ref(), limit, "right") }
                            { involvement(t.left, assessment.left.as_ref(), limit, "left") }
                        }
                    </dl>
                    if assessment.side_assumed && !assessment.several_slices {
                        <p class="hint">{ t.side_assumed }</p>
                    }
                }
                { cautions(report) }
                { slice_map(report, &props.on_part) }
            </section>
            <section class="card instances" aria-labelledby="instances-title">
                <h2 id="instances-title">{ t.instances }<span class="count">{ report.instances.len() }</span></h2>
                if report.instances.is_empty() {
                    <p class="hint">{ t.no_instances }</p>
                }
                <ol>{ for instances(props, slice) }</ol>
            </section>
        </>
    }
}

/// What must be known of a picture beside its figures.
fn cautions(report: &Report) -> Html {
    let t = text();
    let Some(picture) = report.input.picture else { return html! {} };
    let several = report.assessment.several_slices;
    let no_lung = report.assessment.finding == Finding::NoLungFound;
    // Of a photo: it is easily missed where the slice is small in it.
    let one_lung =
        picture.coloured && (report.assessment.left.is_none() || report.assessment.right.is_none());
    let alone = (several || no_lung || one_lung) && report.slices.is_empty();
    let all = [(alone, t.picture_advice), (picture.coloured, t.coloured)];
    let shown: Vec<&str> = all.into_iter().filter(|(is, _)| *is).map(|(_, words)| words).collect();
    if shown.is_empty() {
        return html! {};
    }
    html! { <p class="caution" data-field="caution">{ shown.join(" ") }</p> }
}

/// How the result came about.
#[component]
pub fn Facts(props: &FactsProps) -> Html {
    let t = use_text();
    let Outcome::Slice(slice) = props.outcome.as_ref() else { return Html::default() };
    let report = &slice.report;
    let device =
        DeviceSummary { gpu: report.device.kind == DeviceKind::Gpu, name: report.device.name.clone() };
    let reduced = report.input.picture.map_or(1, |picture| picture.reduced_by);
    let reduced = if reduced > 1 { format!(" (1 : {reduced})") } else { String::new() };
    let size = format!("{} \u{d7} {}{reduced}", report.input.columns, report.input.rows);
    html! {
        <section class="card facts">
            <dl>
                <div class="screen-only"><dt>{ t.file }</dt><dd class="file-name">{ &report.input.name }</dd></div>
                <div><dt>{ t.size }</dt><dd>{ size }</dd></div>
                <div><dt>{ t.model }</dt><dd>{ &report.model.id }</dd></div>
                <div><dt>{ t.device }</dt><dd data-field="report-device">{ format::device(&device) }</dd></div>
                <div><dt>{ t.time }</dt><dd data-field="time">{ format::seconds(slice.millis) }</dd></div>
            </dl>
        </section>
    }
}

fn graded_percent(value: &Involvement, limit: f64) -> String {
    format::graded_percent(value.exact_percent(), &[limit])
}

fn involvement(label: &'static str, value: Option<&Involvement>, limit: f64, side: &'static str) -> Html {
    let t = text();
    let Some(value) = value.filter(|v| v.lung_pixels > 0) else {
        return html! { <div class="row"><dt>{ label }</dt><dd class="hint" data-involvement={side}>{ t.no_lung_side }</dd></div> };
    };
    let area = value
        .lung_mm2
        .zip(value.lesion_mm2)
        .map(|(lung, lesion)| format!("{} / {}", format::area(0, Some(lesion)), format::area(0, Some(lung))));
    html! {
        <div class="row">
            <dt>{ label }</dt>
            <dd>
                <span class="amount" data-involvement={side}>{ graded_percent(value, limit) }</span>
                if let Some(area) = area { <span class="figure">{ area }</span> }
                { gauge(value.percent, limit) }
            </dd>
        </div>
    }
}

/// A bar of 0 to 100 % with a mark at a limit.
pub fn gauge(percent: f32, limit: f64) -> Html {
    html! {
        <svg class="gauge" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="gauge-back" width="100" height="6" />
            <rect class="gauge-value" width={percent.clamp(0.0, 100.0).to_string()} height="6" />
            <rect class="gauge-limit" x={(limit - 0.3).to_string()} width="0.6" height="6" />
        </svg>
    }
}

fn instances(props: &Props, slice: &SliceOutcome) -> Vec<Html> {
    let t = text();
    let entries = slice.report.instances.iter().enumerate();
    let entries = entries.map(|(index, instance)| {
        let lesion = instance.class == ClassName::Lesion;
        let light = props.on_light.reform(move |_: PointerEvent| Some(index));
        let focus = props.on_light.reform(move |_: FocusEvent| Some(index));
        let dark = props.on_light.reform(|_: PointerEvent| None);
        let blur = props.on_light.reform(|_: FocusEvent| None);
        let press = props.on_pin.reform(move |_: MouseEvent| index);
        let lit = props.lit == Some(index);
        html! {
            <li key={index}>
                <button type="button" aria-pressed={(props.pinned == Some(index)).to_string()} data-instance={index.to_string()}
                    class={classes!("instance", if lesion { "is-lesion" } else { "is-lung" }, lit.then_some("is-lit"))}
                    onpointerenter={light} onpointerleave={dark} onfocus={focus} onblur={blur} onclick={press}>
                    <span class="instance-name">{ if lesion { t.lesion } else { t.lung } }{ " " }{ instance.id }</span>
                    <span class="figure">{ format::area(instance.area_pixels as u64, instance.area_mm2) }</span>
                    <span class="score">{ format::decimal(f64::from(instance.score), 2) }</span>
                </button>
            </li>
        }
    });
    entries.collect()
}

//! Where a picture shows several slices: a small map of them, on which one is chosen to be read alone.

use lunglens::imaging::PicturePart;
use lunglens::report::Report;
use yew::prelude::*;

use crate::format::one_of;
use crate::strings::text;

/// The map; nothing where no places are known.
pub fn slice_map(report: &Report, on_part: &Callback<PicturePart>) -> Html {
    let t = text();
    let words = &t.of_viewer;
    let (rows, columns) = (report.input.rows, report.input.columns);
    let Some(picture) = report.input.picture.filter(|_| !report.slices.is_empty()) else { return html! {} };
    let count = report.slices.len();
    let slices = report.slices.iter().enumerate().map(|(index, &place)| {
        let part = picture.part_of_slice(place.map(f64::from), rows, columns);
        let press = on_part.reform(move |()| part);
        let onclick = press.reform(|_: MouseEvent| ());
        // What a button does by itself.
        let onkeydown = Callback::from(move |event: KeyboardEvent| {
            if matches!(event.key().as_str(), "Enter" | " ") {
                event.prevent_default();
                press.emit(());
            }
        });
        let [x0, y0, x1, y1] = place;
        let (width, height) = (x1 - x0, y1 - y0);
        let number = |value: f32| value.to_string();
        html! {
            <g role="button" tabindex="0" aria-label={one_of(index, count)} data-action="read-slice" {onclick} {onkeydown}>
                <title>{ words.part_shown }</title>
                <rect x={number(x0)} y={number(y0)} width={number(width)} height={number(height)} />
                <text x={number(x0 + width / 2.0)} y={number(y0 + height / 2.0)} font-size={number(width.min(height) / 3.0)}>{ index + 1 }</text>
            </g>
        }
    });
    html! {
        <div class="screen-only">
            <p class="hint">{ t.slices_advice }</p>
            <svg class="slice-map" role="group" aria-label={words.part_label} viewBox={format!("0 0 {columns} {rows}")} focusable="false">
                { for slices }
            </svg>
        </div>
    }
}

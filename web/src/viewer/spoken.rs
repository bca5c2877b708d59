//! What is said of the picture and of the place of the slider.

use super::model::Model;
use super::plane::{PLANES, Plane, length_mm};
use super::words::ViewerWords;
use crate::format;
use crate::strings::text;
use crate::volume_view::{Values, VolumeView};

/// What a screen reader says of the picture.
pub fn described(volume: &VolumeView, model: &Model) -> String {
    let words = &text().of_viewer;
    let frame = volume.frame();
    let plane = PLANES.iter().position(|&plane| plane == model.plane).unwrap_or_default();
    let comma = text().comma;
    let mut said = format!("{}{}{}", words.label, text().colon, words.planes[plane]);
    let count = model.plane.count(frame);
    if count > 1 {
        said.push_str(&format!("{comma}{}", place(volume, model, words)));
    }
    for (_, mm) in model.shown_rulers(frame) {
        said.push_str(&format!("{comma}{} {}", words.ruler, format::mm(mm, 1)));
    }
    said
}

/// A whole number with the minus sign of type.
pub fn signed(value: i32) -> String {
    if value < 0 { format!("\u{2212}{}", value.unsigned_abs()) } else { value.to_string() }
}

/// The value at the place that is pointed at, in its unit.
pub fn value(volume: &VolumeView, model: &Model) -> Option<String> {
    let words = &text().of_viewer;
    let at = model.probe?;
    let value = volume.value(at.slice, at.row, at.column)?;
    Some(match volume.frame().values {
        Values::Hounsfield => format!("{} {}", signed(value), words.hu),
        Values::Grey { .. } => format!("{} {value}", words.grey),
    })
}

/// What is said of the place under the cross, and how long what is being drawn is; none without the cross.
pub fn under_cross(volume: &VolumeView, model: &Model) -> Option<String> {
    model.cross?;
    let at = model.probe?;
    let comma = text().comma;
    let mut said = value(volume, model).map(|value| format!("{value}{comma}")).unwrap_or_default();
    said.push_str(&format!("{}{comma}{}", at.column + 1, at.row + 1));
    let drawn = model.drawing.and_then(|ruler| length_mm(ruler.plane, volume.frame(), ruler.ends));
    if let Some(mm) = drawn {
        said.push_str(&format!("{comma}{} {}", text().of_viewer.ruler, format::mm(mm, 1)));
    }
    Some(said)
}

/// Where the slider stands, in words.
pub fn place(volume: &VolumeView, model: &Model, words: &ViewerWords) -> String {
    let cut = if model.plane == Plane::Axial { words.slice } else { words.cut };
    let count = model.plane.count(volume.frame());
    let comma = text().comma;
    let mut said = format!("{cut} {} {} {count}", model.position() + 1, words.of);
    if let Some(finding) = finding(volume, model, words) {
        said.push_str(&format!("{comma}{finding}"));
    }
    said
}

/// What the slice in front came to: its involvement, or that it was not measured where others were, which must not look
/// like nothing found. Nothing of cuts across the slices.
pub fn finding(volume: &VolumeView, model: &Model, words: &ViewerWords) -> Option<String> {
    let slice = (model.plane == Plane::Axial).then_some(model.at.slice)?;
    match volume.involvement().get(slice).copied().flatten() {
        Some(percent) => Some(format!("{} {}", format::percent(percent.into()), words.involved)),
        None => (volume.counts().1 > 0 && !volume.is_measured(slice)).then(|| words.not_measured.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume_view::Frame;

    #[test]
    fn what_a_slice_alone_came_to_is_said() {
        let frame = Frame {
            rows: 2,
            columns: 2,
            len: 4,
            pixel_spacing_mm: None,
            slice_spacing_mm: None,
            axes: None,
            values: Values::Hounsfield,
            picture: None,
        };
        let mut volume = VolumeView::new(frame).expect("sound");
        let said =
            |volume: &VolumeView, slice| place(volume, &Model::new(volume.frame(), slice), &text().of_viewer);
        assert_eq!(said(&volume, 1), "Slice 2 of 4");
        assert!(volume.put_instances(1, &[], Some(12.34)));
        assert_eq!(said(&volume, 1), format!("Slice 2 of 4, {} of the lungs", format::percent(12.34)));
        assert_eq!(said(&volume, 2), "Slice 3 of 4, not measured");
        assert!(volume.put_instances(1, &[], None));
        assert_eq!(said(&volume, 1), "Slice 2 of 4", "measured, and without lungs");
    }
}

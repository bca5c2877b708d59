//! The search for the lungs, before what they hold is segmented from near.

use super::run::{Run, WithinStage};
use super::{Engine, EngineError};
use crate::detect::{BoxXyxy, Detection};
use crate::imaging::{CtSlice, LungCrop, Photo, PreparedSlice, pairs_of_lungs};
use crate::model::{Observer, SEARCH_PROPOSALS, Stage};
use crate::report::{ClassName, DEFAULT_SCORE_THRESHOLD};

/// What the search says of a slice.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The part to segment, in source pixels; none where it is all.
    pub region: Option<BoxXyxy>,
    /// The places of several slices on one picture, in source pixels; empty where there is one.
    pub slices: Vec<BoxXyxy>,
}

impl Engine {
    /// Looks for the lungs, and on a photo for the slice that they lie in.
    pub(super) async fn search(
        &self,
        slice: &CtSlice,
        prepared: &PreparedSlice,
        crop: LungCrop,
        run: &mut Run<'_>,
    ) -> Result<Searched, EngineError> {
        run.stage(Stage::Lungs);
        run.pause().await?;
        let whole = [0.0, 0.0, slice.columns as f32, slice.rows as f32];
        let picture = Photo { rows: slice.rows, columns: slice.columns };
        if !slice.has_surroundings() {
            // A wide picture may be two slices beside each other, each too small in the small view.
            let wide = slice.picture.is_some() && picture.is_wide();
            let size = if wide { self.entry.config.input_size } else { crop.search_size };
            let [lungs, lesions] = self.boxes(prepared, None, size, SEARCH_PROPOSALS, run).await?;
            let region = crop.region(&places(&lungs), &places(&lesions), whole);
            let slices = if slice.picture.is_some() { picture.several(&lungs) } else { Vec::new() };
            return Ok(Searched { region, slices });
        }
        // Lungs that are a small part of a photo are easily missed in a small view, and among the best few.
        let size = self.entry.config.input_size;
        let [mut lungs, lesions] = self.boxes(prepared, None, size, usize::MAX, run).await?;
        let found = places(&lungs);
        let mut view = picture.slice_around(&found);
        if picture.is_from_afar(&found) {
            for part in picture.quarters() {
                let [near, _] = self.boxes(prepared, Some(part), size, SEARCH_PROPOSALS, run).await?;
                lungs.extend(near.into_iter().filter(|lung| !picture.is_cut(&lung.bbox, &part)));
            }
            if let [lungs] = pairs_of_lungs(&lungs)[..] {
                view = picture.slice_around(&lungs);
            }
        }
        let slices = picture.several(&lungs);
        if slices.is_empty()
            && let Some(view) = view
        {
            let [lungs, lesions] =
                self.boxes(prepared, Some(view), crop.search_size, SEARCH_PROPOSALS, run).await?;
            let region = crop.region(&places(&lungs), &places(&lesions), view).unwrap_or(view);
            return Ok(Searched { region: Some(region), slices });
        }
        // Single lungs that parts show are none: only those of several slices count.
        let shown = if slices.is_empty() { found } else { places(&lungs) };
        // A photo of the lungs alone, or of several slices: a part of it too, whose grey levels are stretched.
        let region =
            crop.region(&shown, &places(&lesions), whole).or_else(|| (!shown.is_empty()).then_some(whole));
        Ok(Searched { region, slices })
    }

    /// The lungs and the lesions in a view of a slice, the surest first, in source pixels.
    async fn boxes(
        &self,
        prepared: &PreparedSlice,
        view: Option<BoxXyxy>,
        size: usize,
        proposals: usize,
        run: &mut Run<'_>,
    ) -> Result<[Vec<Detection>; 2], EngineError> {
        let view = prepared.network_input(view, size)?;
        let run = &mut WithinStage(run);
        let found = self.model.detect_boxes(&view, proposals, DEFAULT_SCORE_THRESHOLD, run).await?;
        Ok([ClassName::Lung, ClassName::Lesion].map(|class| {
            let is_one = |one: &&Detection| ClassName::from_label(one.label) == Some(class);
            let on_slice = |one: &Detection| Detection { bbox: view.letterbox.to_source(one.bbox), ..*one };
            found.iter().filter(is_one).map(on_slice).collect()
        }))
    }
}

fn places(found: &[Detection]) -> Vec<BoxXyxy> {
    found.iter().map(|one| one.bbox).collect()
}

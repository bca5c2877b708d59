//! The search for the lungs, before what they hold is segmented from near.

use super::run::{Run, WithinStage};
use super::{Engine, EngineError};
use crate::detect::{BoxXyxy, Detection};
use crate::imaging::{CtSlice, LungCrop, Photo, PreparedSlice, slices_of};
use crate::model::{Observer, SEARCH_PROPOSALS, Stage};
use crate::report::{ClassName, DEFAULT_SCORE_THRESHOLD};

/// What the search says of a slice.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The part to segment, in source pixels; none where it is all.
    pub region: Option<BoxXyxy>,
    /// Whether a photo shows several slices.
    pub several_slices: bool,
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
        let of_one = |region| Searched { region, several_slices: false };
        let whole = [0.0, 0.0, slice.columns as f32, slice.rows as f32];
        if !slice.has_surroundings() {
            let [lungs, lesions] =
                self.boxes(prepared, None, crop.search_size, SEARCH_PROPOSALS, run).await?;
            return Ok(of_one(crop.region(&places(&lungs), &places(&lesions), whole)));
        }
        // Lungs that are a small part of a photo are easily missed in a small view, and among the best few.
        let size = self.entry.config.input_size;
        let [lungs, lesions] = self.boxes(prepared, None, size, usize::MAX, run).await?;
        let (found, lesions) = (places(&lungs), places(&lesions));
        let photo = Photo { rows: slice.rows, columns: slice.columns };
        let mut view = photo.slice_around(&found);
        if photo.is_from_afar(&found) {
            let mut all = lungs;
            for part in photo.quarters() {
                let [lungs, _] = self.boxes(prepared, Some(part), size, SEARCH_PROPOSALS, run).await?;
                all.extend(lungs.into_iter().filter(|lung| !photo.is_cut(&lung.bbox, &part)));
            }
            match slices_of(all)[..] {
                [] => {}
                [lungs] => view = photo.slice_around(&lungs),
                _ => return Ok(Searched { region: None, several_slices: true }),
            }
        }
        let Some(view) = view else {
            let around_whole = crop.region(&found, &lesions, whole);
            // A photo of the lungs alone: a part of it too, whose grey levels are stretched.
            return Ok(of_one(around_whole.or_else(|| (!found.is_empty()).then_some(whole))));
        };
        let [lungs, lesions] =
            self.boxes(prepared, Some(view), crop.search_size, SEARCH_PROPOSALS, run).await?;
        Ok(of_one(Some(crop.region(&places(&lungs), &places(&lesions), view).unwrap_or(view))))
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

//! Which series is looked at, and where. Pixels and masks are in [`crate::volume_view`].

use std::rc::Rc;

use crate::volume_view::Frame;

/// The opened series as it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Which of the opened files' series it is.
    pub series: usize,
    /// Size and place.
    pub frame: Rc<Frame>,
    /// The slice in front, from 0 for the lowest.
    pub current: usize,
    /// The lesion that is looked at, as its index in the study's list.
    pub lesion: Option<usize>,
    /// Whether the user has put a slice in front since the last run began.
    pub moved: bool,
    /// The slices that have come to be shown, or never will.
    settled: Vec<bool>,
}

impl View {
    /// A series, its middle slice in front.
    pub fn new(series: usize, frame: Frame) -> Self {
        Self {
            series,
            current: frame.len / 2,
            settled: vec![false; frame.len],
            frame: Rc::new(frame),
            lesion: None,
            moved: false,
        }
    }

    /// Puts a slice in front; beyond the ends, the last one there.
    pub fn show(&mut self, index: usize) {
        self.current = index.min(self.frame.len.saturating_sub(1));
    }

    /// A slice has come, or cannot be shown.
    pub fn settle(&mut self, index: usize) {
        if let Some(settled) = self.settled.get_mut(index) {
            *settled = true;
        }
    }

    /// The slice to be asked for next: the nearest to the one in front.
    pub fn wanted(&self) -> Option<usize> {
        let missing = self.settled.iter().enumerate().filter(|(_, settled)| !**settled);
        missing.map(|(index, _)| index).min_by_key(|index| index.abs_diff(self.current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume_view::Values;

    #[test]
    fn slices_are_wanted_from_the_one_in_front_outwards() {
        let frame = Frame {
            rows: 2,
            columns: 2,
            len: 5,
            pixel_spacing_mm: None,
            slice_spacing_mm: None,
            axes: None,
            values: Values::Hounsfield,
            picture: None,
        };
        let mut view = View::new(0, frame);
        let mut order = Vec::new();
        while let Some(index) = view.wanted() {
            order.push(index);
            view.settle(index);
        }
        assert_eq!(order, [2, 1, 3, 0, 4]);
        view.show(9);
        assert_eq!(view.current, 4);
    }
}

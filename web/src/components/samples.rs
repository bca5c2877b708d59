//! The slices that come with the page, fetched once at the start.

use std::rc::Rc;

/// A slice that comes with the page.
#[derive(Debug, PartialEq)]
pub struct Sample {
    /// File name under `samples/`.
    pub file: &'static str,
    /// Where it is from and under which licence.
    pub licence: &'static str,
}

/// The samples, in the order of their buttons. The page's texts name them in the same order.
pub const SAMPLES: &[Sample] = &[
    Sample {
        file: "covid-slice.png",
        licence: "COVID-19 CT Lung and Infection Segmentation Dataset (Ma et al., Zenodo 3757476), CC BY-NC-SA 4.0.",
    },
    Sample {
        file: "chest-slice.dcm",
        licence: "Lung-PET-CT-Dx (Li et al., The Cancer Imaging Archive), CC BY 4.0.",
    },
];

/// Whether a sample's bytes are here.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleBytes {
    /// On their way.
    Pending,
    /// Here.
    Loaded(Rc<Vec<u8>>),
    /// Not to be had.
    Missing,
}

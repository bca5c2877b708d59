//! Data sets that are compressed as a whole (PS3.5, A.5).

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::super::ImagingError;
use super::elements::structure;
use crate::source::ByteSource;

/// How much may come out of a deflated file: this, and as many times its size.
const INFLATED: (u64, u64) = (20 << 20, 3);
/// The largest deflated file that is read, in bytes.
const LARGEST_DEFLATED: usize = 512 << 20;

/// The data set of a deflated file, which begins at `start`.
pub fn inflate(source: &dyn ByteSource, start: u64) -> Result<Vec<u8>, ImagingError> {
    let (least, times) = INFLATED;
    let limit = least + times * source.len();
    let packed = source.read_all(LARGEST_DEFLATED)?;
    let mut inflated = Vec::new();
    let decoder = DeflateDecoder::new(packed.get(start as usize..).unwrap_or_default());
    let result = decoder.take(limit + 1).read_to_end(&mut inflated);
    if let Err(error) = result {
        return Err(structure(start as usize, &format!("its data set cannot be inflated ({error})")));
    }
    if inflated.len() as u64 > limit {
        return Err(structure(start as usize, "its data set inflates to more than an image has"));
    }
    Ok(inflated)
}

//! Huffman tables (annex C).

use super::super::CUT;
use super::bits::BitReader;

/// The codes of one table.
pub struct Huffman {
    /// Number of codes of each length, from 1 bit on.
    counts: [u8; 16],
    values: Vec<u8>,
}

impl Huffman {
    /// The table at the start of `bytes`, and what follows it.
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let (counts, rest) = bytes.split_first_chunk::<16>().ok_or(CUT)?;
        let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
        let (values, rest) = rest.split_at_checked(total).ok_or(CUT)?;
        // Codes must fit into their lengths.
        let mut free = 1_i32;
        for &count in counts {
            free = free * 2 - i32::from(count);
            if free < 0 {
                return Err("a Huffman table has too many codes".to_owned());
            }
        }
        Ok((Self { counts: *counts, values: values.to_vec() }, rest))
    }

    /// The value of the code that comes next.
    pub fn next(&self, bits: &mut BitReader) -> Result<u8, String> {
        // `first` is the first code of a length, `index` where its values begin.
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts {
            let count = u32::from(count);
            code = code << 1 | bits.bit()?;
            if code < first + count {
                return self
                    .values
                    .get((index + code - first) as usize)
                    .copied()
                    .ok_or_else(|| CUT.to_owned());
            }
            index += count;
            first = (first + count) << 1;
        }
        Err("a Huffman code is unknown".to_owned())
    }
}

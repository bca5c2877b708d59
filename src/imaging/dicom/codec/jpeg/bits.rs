//! The bits of a scan, without the zeros that are stuffed in after FF.

use super::super::CUT;

/// Reads bits, the highest of a byte first, up to a marker.
pub struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
    bits: u32,
    count: u32,
}

impl<'a> BitReader<'a> {
    /// The bits of a scan that begins with `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, bits: 0, count: 0 }
    }

    /// The next bit.
    pub fn bit(&mut self) -> Result<u32, String> {
        if self.count == 0 {
            let byte = *self.data.get(self.at).ok_or(CUT)?;
            self.at += 1;
            if byte == 0xFF {
                match self.data.get(self.at) {
                    Some(0) => self.at += 1,
                    _ => return Err(CUT.to_owned()),
                }
            }
            (self.bits, self.count) = (byte.into(), 8);
        }
        self.count -= 1;
        Ok(self.bits >> self.count & 1)
    }

    /// The next `count` bits, at most 16, as a difference: the lower half of the numbers are negative (F.2.2.1).
    pub fn difference(&mut self, count: u32) -> Result<i32, String> {
        let mut number = 0;
        for _ in 0..count {
            number = number << 1 | self.bit()?;
        }
        let number = number as i32;
        Ok(if count > 0 && number < 1 << (count - 1) { number - (1 << count) + 1 } else { number })
    }

    /// Goes on after the restart marker that comes now; what is left of the byte before is padding.
    pub fn restart(&mut self) -> Result<(), String> {
        self.count = 0;
        match self.data.get(self.at..self.at + 2) {
            Some(&[0xFF, 0xD0..=0xD7]) => {
                self.at += 2;
                Ok(())
            }
            _ => Err("a restart marker is missing".to_owned()),
        }
    }
}

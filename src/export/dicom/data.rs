//! Data sets, element by element.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use crate::imaging::dicom_entry;

/// The most characters of a decimal string.
const DS_LENGTH: usize = 16;
/// The length of a sequence or item that ends with a delimiter.
const UNDEFINED: u32 = 0xFFFF_FFFF;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
/// The writer that files name (PS3.10, 7.1). The UID is LungLens's own and says which way of writing it is.
const IMPLEMENTATION_UID: &str = "2.25.198566715066710813711519695774582071857";
const IMPLEMENTATION_NAME: &str = "LUNGLENS";

/// A data set that is being put together, its elements in the order of their tags. Value representations are the
/// standard's.
pub struct Data(BTreeMap<Tag, Value>);

enum Value {
    /// The bytes of a value, an even number.
    Bytes(Vec<u8>),
    /// The items of a sequence.
    Items(Vec<Data>),
}

impl Data {
    /// An empty one.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// A code: value, scheme and meaning.
    pub fn code(value: &str, scheme: &str, meaning: &str) -> Self {
        Self::new()
            .text(tags::CODE_VALUE, value)
            .text(tags::CODING_SCHEME_DESIGNATOR, scheme)
            .text(tags::CODE_MEANING, meaning)
    }

    /// A text; several values are parted by a backslash. What is not ASCII becomes a question mark: the character set of
    /// the file is that of its images, of which only ASCII is part in any case.
    pub fn text(self, tag: Tag, text: impl Into<String>) -> Self {
        self.raw(tag, text.into().replace(|c: char| !c.is_ascii(), "?").into_bytes())
    }

    /// The bytes of a text, in whatever character set.
    pub fn raw(self, tag: Tag, bytes: impl Into<Vec<u8>>) -> Self {
        let mut bytes = bytes.into();
        if bytes.len() % 2 == 1 {
            bytes.push(if representation(tag) == *b"UI" { 0 } else { b' ' });
        }
        self.put(tag, Value::Bytes(bytes))
    }

    /// Numbers as decimal strings.
    pub fn decimals(self, tag: Tag, numbers: &[f64]) -> Self {
        let texts: Vec<String> = numbers.iter().map(|&number| decimal(number)).collect();
        self.text(tag, texts.join("\\"))
    }

    /// 16-bit numbers.
    pub fn shorts(self, tag: Tag, numbers: &[u16]) -> Self {
        self.put(tag, Value::Bytes(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()))
    }

    /// 32-bit numbers.
    pub fn longs(self, tag: Tag, numbers: &[u32]) -> Self {
        self.put(tag, Value::Bytes(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()))
    }

    /// A 64-bit floating point number.
    pub fn double(self, tag: Tag, number: f64) -> Self {
        self.put(tag, Value::Bytes(number.to_le_bytes().to_vec()))
    }

    /// The tag of another element.
    pub fn tag(self, tag: Tag, other: Tag) -> Self {
        self.shorts(tag, &[other.0, other.1])
    }

    /// Bytes of pixels.
    pub fn pixels(self, mut bytes: Vec<u8>) -> Self {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.put(tags::PIXEL_DATA, Value::Bytes(bytes))
    }

    /// A sequence of one item.
    pub fn item(self, tag: Tag, item: Self) -> Self {
        self.items(tag, vec![item])
    }

    /// A sequence.
    pub fn items(self, tag: Tag, items: Vec<Self>) -> Self {
        self.put(tag, Value::Items(items))
    }

    fn put(mut self, tag: Tag, value: Value) -> Self {
        self.0.insert(tag, value);
        self
    }

    fn bytes(&self, tag: Tag) -> &[u8] {
        match self.0.get(&tag) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The data set as a file in explicit little endian (PS3.10).
    ///
    /// # Errors
    /// The first value that is too long for its representation, in words.
    pub fn to_file(&self) -> Result<Vec<u8>, String> {
        let uid = |tag| String::from_utf8_lossy(self.bytes(tag)).trim_end_matches('\0').to_owned();
        let meta = Self::new()
            .put(tags::FILE_META_INFORMATION_VERSION, Value::Bytes(vec![0, 1]))
            .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, uid(tags::SOP_CLASS_UID))
            .text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, uid(tags::SOP_INSTANCE_UID))
            .text(tags::TRANSFER_SYNTAX_UID, uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .text(tags::IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_UID)
            .text(tags::IMPLEMENTATION_VERSION_NAME, IMPLEMENTATION_NAME);
        let mut group = Vec::new();
        meta.write(&mut group)?;
        let mut file = vec![0; 128];
        file.extend(b"DICM");
        Self::new()
            .longs(tags::FILE_META_INFORMATION_GROUP_LENGTH, &[group.len() as u32])
            .write(&mut file)?;
        file.append(&mut group);
        self.write(&mut file)?;
        Ok(file)
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), String> {
        for (&tag, value) in &self.0 {
            write_tag(out, tag);
            match value {
                Value::Bytes(bytes) => {
                    let vr = representation(tag);
                    let too_long = || format!("the value of {tag} has {} bytes", bytes.len());
                    out.extend(vr);
                    // Those with a length of 32 bit (PS3.5, 7.1.2), of the ones that are written.
                    if matches!(&vr, b"OB" | b"UT") {
                        let length = u32::try_from(bytes.len()).map_err(|_| too_long())?;
                        out.extend([0, 0]);
                        out.extend(length.to_le_bytes());
                    } else {
                        let length = u16::try_from(bytes.len()).map_err(|_| too_long())?;
                        out.extend(length.to_le_bytes());
                    }
                    out.extend(bytes);
                }
                Value::Items(items) => {
                    out.extend(b"SQ\0\0");
                    out.extend(UNDEFINED.to_le_bytes());
                    for item in items {
                        write_tag(out, ITEM);
                        out.extend(UNDEFINED.to_le_bytes());
                        item.write(out)?;
                        write_tag(out, ITEM_END);
                        out.extend([0; 4]);
                    }
                    write_tag(out, SEQUENCE_END);
                    out.extend([0; 4]);
                }
            }
        }
        Ok(())
    }
}

fn write_tag(out: &mut Vec<u8>, Tag(group, element): Tag) {
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
}

/// The value representation of an element that is written.
fn representation(tag: Tag) -> [u8; 2] {
    dicom_entry(tag).map_or(*b"UN", |entry| entry.vr)
}

/// A number as DICOM's decimal string: at most 16 characters, as exact as they allow.
pub fn decimal(number: f64) -> String {
    let shortest = format!("{}", number + 0.0);
    if shortest.len() <= DS_LENGTH {
        return shortest;
    }
    // Falling precision, as plain decimals and, for very small or large numbers, with an exponent.
    (0..=14)
        .rev()
        .map(|places| format!("{number:.places$}"))
        .find(|text| text.len() <= DS_LENGTH && (number.abs() >= 1e-3 || number == 0.0))
        .unwrap_or_else(|| format!("{number:.8e}"))
}

/// At most `most` characters.
pub fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Date and time of DICOM, as `19700131` and `235959`, of seconds since 1970-01-01 UTC.
pub fn date_and_time(unix_s: i64) -> (String, String) {
    let (days, seconds) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: years begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + 400 * era + i64::from(month <= 2);
    let time = format!("{:02}{:02}{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    (format!("{year:04}{month:02}{day:02}"), time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // By `date -u -d @...`.
        let expected = [
            (0, "19700101", "000000"),
            (951_782_399, "20000228", "235959"),
            (951_782_400, "20000229", "000000"),
            (1_709_251_199, "20240229", "235959"),
            (1_795_656_000, "20261126", "012000"),
            (-1, "19691231", "235959"),
        ];
        for (unix_s, date, time) in expected {
            assert_eq!(date_and_time(unix_s), (date.to_owned(), time.to_owned()));
        }
    }

    #[test]
    fn own_texts_are_ascii_and_copied_ones_are_as_they_were() {
        let data = Data::new()
            .text(tags::MANUFACTURER_MODEL_NAME, "LungLens modèle 模")
            .raw(tags::PATIENT_NAME, *b"M\xfcl");
        assert_eq!(data.bytes(tags::MANUFACTURER_MODEL_NAME), b"LungLens mod?le ? ");
        assert_eq!(data.bytes(tags::PATIENT_NAME), b"M\xfcl ");
    }

    #[test]
    fn decimals_have_sixteen_characters_at_most() {
        let expected = [
            (0.0, "0"),
            (-0.0, "0"),
            (0.6464843750, "0.646484375"),
            (-173.1767578125, "-173.1767578125"),
            (1.0 / 3.0, "0.33333333333333"),
            (-2.0 / 3.0, "-0.6666666666667"),
            (-123456.789_012_35, "-123456.78901235"),
            (1.0e-17 / 3.0, "3.33333333e-18"),
        ];
        for (number, text) in expected {
            assert!(text.len() <= DS_LENGTH);
            let found = decimal(number);
            assert!(found.len() <= DS_LENGTH, "{found}");
            assert_eq!(found.parse::<f64>().unwrap(), text.parse::<f64>().unwrap(), "{found}");
        }
    }
}

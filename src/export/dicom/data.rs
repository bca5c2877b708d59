//! Data sets, element by element.

use dicom_core::dictionary::DataDictionary;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

/// The most characters of a decimal string.
const DS_LENGTH: usize = 16;

/// A data set that is being put together. Value representations come from the standard's dictionary.
pub struct Data(InMemDicomObject);

impl Data {
    /// An empty one.
    pub fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    /// A code: value, scheme and meaning.
    pub fn code(value: &str, scheme: &str, meaning: &str) -> Self {
        Self::new()
            .text(tags::CODE_VALUE, value)
            .text(tags::CODING_SCHEME_DESIGNATOR, scheme)
            .text(tags::CODE_MEANING, meaning)
    }

    /// A text; several values are parted by a backslash.
    pub fn text(self, tag: Tag, text: impl Into<String>) -> Self {
        self.put(tag, PrimitiveValue::from(text.into()))
    }

    /// Numbers as decimal strings.
    pub fn decimals(self, tag: Tag, numbers: &[f64]) -> Self {
        let texts: Vec<String> = numbers.iter().map(|&number| decimal(number)).collect();
        self.text(tag, texts.join("\\"))
    }

    /// 16-bit numbers.
    pub fn shorts(self, tag: Tag, numbers: &[u16]) -> Self {
        self.put(tag, PrimitiveValue::U16(numbers.into()))
    }

    /// 32-bit numbers.
    pub fn longs(self, tag: Tag, numbers: &[u32]) -> Self {
        self.put(tag, PrimitiveValue::U32(numbers.into()))
    }

    /// A 64-bit floating point number.
    pub fn double(self, tag: Tag, number: f64) -> Self {
        self.put(tag, PrimitiveValue::from(number))
    }

    /// The tag of another element.
    pub fn tag(self, tag: Tag, other: Tag) -> Self {
        self.put(tag, PrimitiveValue::from(other))
    }

    /// Bytes of pixels.
    pub fn pixels(mut self, bytes: Vec<u8>) -> Self {
        self.0.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(bytes)));
        self
    }

    /// A sequence of one item.
    pub fn item(self, tag: Tag, item: Self) -> Self {
        self.items(tag, vec![item])
    }

    /// A sequence.
    pub fn items(mut self, tag: Tag, items: Vec<Self>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(Self::into_object).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    fn put(mut self, tag: Tag, value: PrimitiveValue) -> Self {
        let vr = StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr.relaxed());
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    /// The data set.
    pub fn into_object(self) -> InMemDicomObject {
        self.0
    }
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

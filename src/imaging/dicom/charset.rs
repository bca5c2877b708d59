//! Texts in the character set that a file names (PS3.3, C.12.1.1.2).
//!
//! Natively dicom-rs decodes them. Its tables would be a quarter of what a browser downloads for reading files, and a
//! browser has them: there the page hands its decoder in.

/// The character set of a file's texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charset(String);

impl Charset {
    /// The first set that SpecificCharacterSet (0008,0005) names; one that is not known counts as none.
    pub fn named(value: &[u8]) -> Self {
        let first = value.split(|&byte| byte == b'\\').next().unwrap_or_default();
        Self(String::from_utf8_lossy(first).trim_matches(['\0', ' ']).to_owned())
    }

    /// A text up to the first byte that is not of the set. Without a known set its bytes count as ISO 8859-1.
    pub fn decode(&self, text: &[u8]) -> String {
        let decoded = match platform::decode(&self.0, text) {
            Some(decoded) => decoded,
            None => text.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
        };
        decoded.split(['\\', char::REPLACEMENT_CHARACTER]).next().unwrap_or_default().to_owned()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use std::borrow::Cow;

    use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

    /// The text, with a backslash where a byte is not of the set; none where the set is not known.
    pub(super) fn decode<'a>(name: &str, text: &'a [u8]) -> Option<Cow<'a, str>> {
        SpecificCharacterSet::from_code(name)?.decode(text).ok().map(Cow::Owned)
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use std::borrow::Cow;
    use std::sync::OnceLock;

    pub(super) static DECODER: OnceLock<super::TextDecoder> = OnceLock::new();

    /// The text, with a replacement character where a byte is not of the set; none where the set is not known.
    pub(super) fn decode<'a>(name: &str, text: &'a [u8]) -> Option<Cow<'a, str>> {
        match super::web_name(name)? {
            "utf-8" => Some(String::from_utf8_lossy(text)),
            other => DECODER.get()?(other, text).map(Cow::Owned),
        }
    }
}

/// Decodes bytes of an encoding that is named as in WHATWG's Encoding Standard, with a replacement character where one is
/// not of it.
#[cfg(target_arch = "wasm32")]
pub type TextDecoder = fn(&str, &[u8]) -> Option<String>;

/// Sets what decodes the texts of DICOM files in a browser; the first one stays.
#[cfg(target_arch = "wasm32")]
pub fn set_text_decoder(decoder: TextDecoder) {
    let _ = platform::DECODER.set(decoder);
}

/// The name on the web of a character set of DICOM's; none of ISO 8859-1, which needs no table, and of sets that are not
/// known.
#[cfg(any(target_arch = "wasm32", test))]
fn web_name(name: &str) -> Option<&'static str> {
    let number = name.strip_prefix("ISO_IR").or_else(|| name.strip_prefix("ISO 2022 IR"));
    Some(match number.map_or(name, |number| number.trim_start_matches([' ', '_'])) {
        "13" => "shift_jis",
        "58" if name.starts_with("ISO 2022") => "gbk",
        "GBK" | "GB2312" => "gbk",
        "87" => "iso-2022-jp",
        "101" => "iso-8859-2",
        "109" => "iso-8859-3",
        "110" => "iso-8859-4",
        "126" => "iso-8859-7",
        "127" => "iso-8859-6",
        "138" => "iso-8859-8",
        "144" => "iso-8859-5",
        "149" => "euc-kr",
        "166" => "windows-874",
        "192" if !name.starts_with("ISO 2022") => "utf-8",
        "GB18030" => "gb18030",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of sets and the same text in them, by Python's codecs.
    const TEXTS: [(&str, &[u8], &str); 9] = [
        ("", b"M\xfcller", "Müller"),
        ("ISO_IR 100", b"M\xfcller", "Müller"),
        ("ISO_IR 144", b"\xb8\xd2\xd0\xdd\xde\xd2", "Иванов"),
        ("ISO_IR 126", b"\xc4\xe9\xef\xed", "Διον"),
        ("ISO_IR 192", "王^小東".as_bytes(), "王^小東"),
        ("GB18030", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东"),
        ("ISO 2022 IR 149", b"\xb1\xe8\xc8\xf1\xc1\xdf", "김희중"),
        ("ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
    ];

    #[test]
    fn texts_are_read_in_the_set_that_is_named() {
        for (name, bytes, text) in TEXTS {
            assert_eq!(Charset::named(name.as_bytes()).decode(bytes), text, "{name}");
        }
    }

    #[test]
    fn the_first_set_counts_and_an_unknown_one_is_none() {
        assert_eq!(Charset::named(b"ISO_IR 192\\ISO 2022 IR 87 ").decode("ü".as_bytes()), "ü");
        assert_eq!(Charset::named(b"\\ISO 2022 IR 87").decode(b"\xfc"), "ü");
        assert_eq!(Charset::named(b"ISO_IR 999").decode(b"\xfc"), "ü");
    }

    #[test]
    fn a_text_ends_before_what_is_not_of_the_set() {
        assert_eq!(Charset::named(b"ISO_IR 192").decode(b"M\xfcller"), "M");
        assert_eq!(Charset::named(b"GB18030").decode(b"A\xcd"), "A");
    }

    #[test]
    fn a_browser_knows_the_same_sets() {
        use dicom_encoding::text::SpecificCharacterSet;
        for number in 0..200 {
            for name in ["ISO_IR ", "ISO_IR_", "ISO 2022 IR "].map(|prefix| format!("{prefix}{number}")) {
                let without_table = matches!(number, 6 | 100);
                let known = SpecificCharacterSet::from_code(&name).is_some() && !without_table;
                assert_eq!(web_name(&name).is_some(), known, "{name}");
            }
        }
        for name in ["GB18030", "GBK", "GB2312"] {
            assert!(web_name(name).is_some() && SpecificCharacterSet::from_code(name).is_some());
        }
    }
}

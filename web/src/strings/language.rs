//! Which language the page speaks.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Strings;
use super::arabic::ARABIC;
use super::chinese::CHINESE;
use super::english::ENGLISH;
use super::french::FRENCH;
use super::portuguese::PORTUGUESE;
use super::russian::RUSSIAN;
use super::spanish::SPANISH;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Also for whoever reads none of the others.
    English,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// Portuguese.
    Portuguese,
    /// Russian.
    Russian,
    /// Arabic.
    Arabic,
    /// Chinese, simplified.
    Chinese,
}

impl Language {
    /// All, in the order of the page.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::Spanish,
        Self::French,
        Self::Portuguese,
        Self::Russian,
        Self::Arabic,
        Self::Chinese,
    ];

    /// As BCP 47 writes it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Portuguese => "pt",
            Self::Russian => "ru",
            Self::Arabic => "ar",
            Self::Chinese => "zh",
        }
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
            Self::French => "Français",
            Self::Portuguese => "Português",
            Self::Russian => "Русский",
            Self::Arabic => "العربية",
            Self::Chinese => "简体中文",
        }
    }

    /// Which way it is written, as HTML's `dir` says it.
    pub fn direction(self) -> &'static str {
        if self == Self::Arabic { "rtl" } else { "ltr" }
    }

    /// The language of a tag such as `es` or `es-MX`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let main = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(main))
    }

    /// Its words.
    pub fn table(self) -> &'static Strings {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
            Self::French => &FRENCH,
            Self::Portuguese => &PORTUGUESE,
            Self::Russian => &RUSSIAN,
            Self::Arabic => &ARABIC,
            Self::Chinese => &CHINESE,
        }
    }
}

/// The language in use, as its place in [`Language::ALL`].
static SPOKEN: AtomicUsize = AtomicUsize::new(0);

/// The language in use.
pub fn language() -> Language {
    Language::ALL[SPOKEN.load(Ordering::Relaxed)]
}

/// Uses a language from now on.
pub fn speak(language: Language) {
    let place = Language::ALL.iter().position(|&one| one == language);
    SPOKEN.store(place.unwrap_or_default(), Ordering::Relaxed);
}

/// The words of the language in use.
pub fn text() -> &'static Strings {
    language().table()
}

#[cfg(test)]
pub(super) fn tables() -> [&'static Strings; 7] {
    Language::ALL.map(Language::table)
}

use std::collections::BTreeMap;

use serde_json::Value;

use super::english::ENGLISH;
use super::french::FRENCH;
use super::language::tables;
use super::spanish::SPANISH;
use super::*;

/// Every text of a table under its name.
fn texts(table: &Strings) -> BTreeMap<String, String> {
    fn walk(name: &str, value: &Value, all: &mut BTreeMap<String, String>) {
        match value {
            Value::String(text) => drop(all.insert(name.to_owned(), text.clone())),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| walk(&format!("{name}.{i}"), item, all))
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(key, item)| walk(&format!("{name}.{key}"), item, all))
            }
            _ => {}
        }
    }
    let mut all = BTreeMap::new();
    walk("", &serde_json::to_value(table).expect("serialises"), &mut all);
    all
}

/// The places of a text that are filled in, such as `{count}`.
fn places(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
    all.sort_unstable();
    all
}

#[test]
fn every_language_has_every_text_with_the_same_places() {
    let [english, others @ ..] = tables().map(texts);
    assert!(english.len() > 250, "{}", english.len());
    for other in others {
        for (name, text) in &english {
            let own = &other[name];
            assert_eq!(places(own), places(text), "{name}: {own}");
            assert!(name.ends_with(".in_english") || !own.trim().is_empty(), "{name}");
            if [".decimal", ".in_english"].contains(&name.as_str()) {
                continue;
            }
            // Sentences end as sentences; what sets a key apart is no sign.
            assert_eq!(
                own.trim_end_matches('\u{2069}').ends_with(['.', '。']),
                text.ends_with('.'),
                "{name}: {own}"
            );
            assert!(text.len() < 25 || own != text, "{name} is not translated");
        }
    }
}

/// Whether a comma of the Latin script touches a letter of another one.
fn has_foreign_comma(text: &str) -> bool {
    let is_foreign = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && !c.is_ascii());
    text.match_indices(',').any(|(at, _)| {
        let (before, after) = (text[..at].trim_end(), text[at + 1..].trim_start());
        is_foreign(before.chars().next_back()) || is_foreign(after.chars().next())
    })
}

#[test]
fn commas_are_those_of_the_script() {
    assert!(has_foreign_comma("切换切片,1") && !has_foreign_comma("A, B"));
    for (language, commas) in [
        (Language::English, [", ", ", "]),
        (Language::Arabic, ["، ", "، "]),
        (Language::Chinese, ["，", "、"]),
    ] {
        let at = Language::ALL.iter().position(|&one| one == language).expect("is listed");
        let table = tables()[at];
        assert_eq!([table.comma, table.list_comma], commas, "{language:?}");
        for (name, text) in texts(table) {
            assert!(!has_foreign_comma(&text), "{language:?}{name}: {text}");
        }
    }
}

#[test]
fn signs_have_the_spaces_and_the_width_of_the_language() {
    for (name, text) in texts(&FRENCH) {
        let parts: Vec<char> = text.chars().collect();
        for pair in parts.windows(2) {
            let wrong = match *pair {
                [before, ';' | ':' | '?' | '!' | '»'] => before != '\u{202f}',
                ['«', behind] => behind != '\u{202f}',
                _ => false,
            };
            assert!(!wrong, "{name}: {text}");
        }
    }
    let is_han = |c: Option<char>| c.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for (name, text) in texts(Language::Chinese.table()) {
        for (at, sign) in text.match_indices([';', ':', '?', '!', '(', ')', '.']) {
            let (before, behind) = (text[..at].trim_end(), text[at + sign.len()..].trim_start());
            let narrow = is_han(before.chars().next_back()) || is_han(behind.chars().next());
            assert!(!narrow, "{name}: {text}");
        }
    }
}

#[test]
fn what_is_quoted_stands_on_the_page_in_these_words() {
    let quoted = |text: &str, [open, close]: [char; 2]| -> Vec<String> {
        let pieces = text.split(open).skip(1).filter_map(|rest| rest.split_once(close));
        pieces.map(|(name, _)| name.trim().to_owned()).collect()
    };
    for language in Language::ALL {
        let all = texts(language.table());
        let names: Vec<String> = all
            .values()
            .flat_map(|text| [['«', '»'], ['“', '”']].map(|marks| quoted(text, marks)))
            .flatten()
            .collect();
        assert!(names.len() >= 4, "{language:?}: {names:?}");
        for name in names {
            assert!(all.values().any(|text| *text == name), "{language:?}: {name}");
        }
    }
}

#[test]
fn keys_stand_apart_where_words_run_from_right_to_left() {
    // Else brackets are mirrored, and letters stand in the other order than what they do.
    let items = Language::Arabic.table().of_viewer.help_items;
    for keys in ["[ ] , .", "1 2 3", "A C S"] {
        let apart: Vec<String> = keys.split(' ').map(|key| format!("\u{2066}{key}\u{2069}")).collect();
        assert!(items.iter().any(|(what, _)| *what == apart.join(" ")), "{keys}");
    }
}

#[test]
fn counts_take_the_number_of_their_language() {
    let said = [&ENGLISH, &SPANISH, &FRENCH].map(|t| {
        let counted =
            [0, 1, 2].map(|n| t.number(n, t.one_slice, t.some_slices).replace("{count}", &n.to_string()));
        let parts = [(0, 3), (1, 3), (2, 3), (1, 1)].map(|(read, of)| {
            let words = t.number_of_part(read, of, t.one_file_read, t.files_read);
            words.replace("{read}", &read.to_string()).replace("{of}", &of.to_string())
        });
        (counted.join(", "), parts.join(", "))
    });
    let expected = [
        ("0 slices, 1 slice, 2 slices", "0 of 3 files, 1 of 3 files, 2 of 3 files, 1 of 1 file"),
        ("0 cortes, 1 corte, 2 cortes", "0 de 3 archivos, 1 de 3 archivos, 2 de 3 archivos, 1 de 1 archivo"),
        ("0 coupe, 1 coupe, 2 coupes", "0 fichier sur 3, 1 fichier sur 3, 2 fichiers sur 3, 1 fichier sur 1"),
    ];
    assert_eq!(said, expected.map(|(counted, parts)| (counted.to_owned(), parts.to_owned())));
}

#[test]
fn tags_name_languages() {
    assert_eq!(Language::of_tag("es-419"), Some(Language::Spanish));
    assert_eq!(Language::of_tag("FR"), Some(Language::French));
    assert_eq!(Language::of_tag("en-GB"), Some(Language::English));
    assert_eq!(Language::of_tag("zh-Hans-CN"), Some(Language::Chinese));
    assert_eq!(Language::of_tag("frr"), None);
    assert_eq!(Language::of_tag(""), None);
}

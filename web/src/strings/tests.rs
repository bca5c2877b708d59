use std::collections::BTreeMap;

use serde_json::Value;

use super::language::tables;
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
            // Sentences end as sentences.
            assert_eq!(own.ends_with(['.', '。']), text.ends_with('.'), "{name}: {own}");
            assert!(text.len() < 25 || own != text, "{name} is not translated");
        }
    }
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

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::strings::Language;

/// The languages that say causes in words of their own.
fn languages() -> Vec<(Language, &'static Strings, &'static CauseWords)> {
    let words = |language: Language| Some((language, language.table(), language.table().causes?));
    Language::ALL.into_iter().filter_map(words).collect()
}

/// Every kind, with what it speaks of; sentences behind the rest.
fn causes() -> Vec<Cause> {
    use CauseKind as K;
    let bare = [
        K::UnknownFormat,
        K::UnreadPicture,
        K::DeepArchive,
        K::Directory,
        K::NoImage,
        K::Localiser,
        K::Projection,
        K::NotAxial,
        K::Reformat,
        K::NoSeries,
        K::PartOfScan,
        K::Smaller,
        K::OtherStudy,
        K::NotChosen,
        K::SinglePicture,
        K::Copy,
        K::Size,
        K::PixelSpacing,
        K::Orientation,
        K::Study,
        K::Patient,
        K::Coordinates,
        // Sentences.
        K::Damaged,
        K::CutShort,
        K::NotRead,
        K::TooLarge,
        K::Coloured,
        K::BadPart,
        K::Archive,
        K::Gone,
        K::BadGeometry,
        K::Turned,
        K::Uneven,
        K::Labels,
        K::UnknownScale,
        K::Lost,
        K::Failed,
        K::NotWritten,
        K::NotFetched,
        K::WrongModel,
        K::ModelFailed,
        K::Memory,
    ];
    let named = |kind: K, name: &str| Cause::from(kind).naming(name);
    let counted = |kind: K| Cause::from(kind).counting([17.0]);
    let list = Cause::from(K::Nothing).over(Cause::from(K::Localiser).counting([17.0]));
    let mut all = vec![
        named(K::OtherModality, "MR"),
        named(K::OtherCoding, "HEVC"),
        named(K::OtherPart, "HEAD"),
        Cause::from(K::Unmeasurable).over(counted(K::Missing)),
    ];
    all.extend(bare.map(Cause::from));
    all.extend([
        Cause::from(K::Unfit).over(named(K::OtherModality, "MR")),
        named(K::OfFile, "IM7").over(K::CutShort),
        named(K::Coding, "HEVC"),
        named(K::Unreadable, "IM7").counting([17.0, 23.0]).over(named(K::Coding, "HEVC")),
        list.over(named(K::OtherModality, "MR").counting([23.0])),
        counted(K::SeveralStacks),
        counted(K::Missing),
        named(K::Lacks, "Rows").counting([17.0, 23.0]),
        Cause::from(K::TooFew).counting([17.0, 23.0]),
        Cause::from(K::Mixed).over(K::Patient),
        counted(K::Duplicate),
        Cause::from(K::Gap).counting([17.0, 23.0]),
        counted(K::SeveralSlices),
    ]);
    all
}

/// The names and numbers of which a cause speaks.
fn spoken_of(cause: &Cause) -> Vec<String> {
    let numbers = cause.numbers.iter().map(f64::to_string);
    let name = Some(cause.name.clone()).filter(|name| !name.is_empty());
    numbers.chain(name).chain(cause.within.iter().flat_map(spoken_of)).collect()
}

#[test]
fn every_kind_is_said_in_each_language_with_all_that_it_speaks_of() {
    assert_eq!(languages().len(), Language::ALL.len() - 1, "all but English");
    let causes = causes();
    let first_sentence = causes.iter().position(|cause| cause.kind == CauseKind::Damaged).expect("is listed");
    let mut said: BTreeMap<String, (Language, CauseKind)> = BTreeMap::new();
    for kind in CauseKind::ALL {
        assert_eq!(causes.iter().filter(|cause| cause.kind == *kind).count(), 1, "{kind:?} is listed above");
    }
    for (language, t, words) in languages() {
        for (index, cause) in causes.iter().enumerate() {
            let text = words.say(t, cause);
            assert!(!text.contains(['{', '}']) && text.trim() == text, "{language:?}: {text}");
            let is_sentence = index >= first_sentence || cause.kind == CauseKind::Unmeasurable;
            assert_eq!(text.ends_with(['.', '。']), is_sentence, "{language:?}: {text}");
            for value in spoken_of(cause) {
                assert!(text.contains(&value), "{language:?}, {value}: {text}");
            }
            let other = said.insert(text, (language, cause.kind));
            assert_eq!(other, None, "said as {language:?} says {:?}", cause.kind);
        }
    }
}

#[test]
fn lengths_and_counts_are_those_of_the_language() {
    let gap = |language: Language| {
        let t = language.table();
        t.causes.expect("has them").say(t, &Cause::from(CauseKind::Gap).counting([3.25, 17.5]))
    };
    assert!(gap(Language::Russian).contains("3,2\u{a0}мм и 17,5\u{a0}мм"), "{}", gap(Language::Russian));
    assert!(gap(Language::Chinese).contains("3.2\u{a0}mm 与 17.5\u{a0}mm"), "{}", gap(Language::Chinese));
    assert!(
        gap(Language::Arabic).contains("\u{2066}17.5\u{2069}\u{a0}مم\u{2069}"),
        "{}",
        gap(Language::Arabic)
    );
    let t = Language::Spanish.table();
    let counted = |kind: CauseKind, files| Cause::from(kind).counting([files]);
    let nothing = Cause::from(CauseKind::Nothing)
        .over(counted(CauseKind::Localiser, 1.0))
        .over(counted(CauseKind::NotAxial, 2.0));
    let said = t.causes.expect("has them").say(t, &nothing);
    assert!(said.ends_with("un localizador (topograma) (1 archivo); no axial (2 archivos)."), "{said}");
}

#[test]
fn names_stand_apart_where_words_run_from_right_to_left() {
    let t = Language::Arabic.table();
    let words = t.causes.expect("has them");
    let texts = serde_json::to_value(words).expect("serialises");
    for (name, text) in texts.as_object().expect("is a table") {
        let Value::String(text) = text else { continue };
        assert!(!text.contains("{name}") || text.contains("\u{2068}{name}\u{2069}"), "{name}: {text}");
    }
    let of = Cause::from(CauseKind::OfFile).naming("1.dcm").over(CauseKind::CutShort);
    assert!(words.say(t, &of).starts_with("\u{2068}1.dcm\u{2069}: "), "{}", words.say(t, &of));
}

#[test]
fn what_fills_a_place_may_look_like_one() {
    let value = |place: &str| if place == "a" { "{b}".to_owned() } else { "c {".to_owned() };
    assert_eq!(fill("{a} and {b}", value), "{b} and c {");
    assert_eq!(fill("nothing { here", value), "nothing { here");
}

#[test]
fn what_a_study_lacks_is_said_in_each_language() {
    let all =
        [Lacking::Volumes, Lacking::Densities, Lacking::Zones].map(|what| NotMeasured::new(what, false));
    let coloured = NotMeasured::new(Lacking::Densities, true);
    let english = Language::English.table();
    assert_eq!(
        not_measured(english, &all[1]),
        "Not measured: mean HU and ground glass. The images hold grey levels, not Hounsfield units."
    );
    for (language, t, _) in languages() {
        for one in &all {
            let said = not_measured(t, one);
            assert!(
                said.ends_with(['.', '。']) && !said.contains("Hounsfield units"),
                "{language:?}: {said}"
            );
        }
        assert_eq!(not_measured(t, &coloured), format!("{} {}", not_measured(t, &all[1]), t.coloured));
    }
}

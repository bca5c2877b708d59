//! Real errors and the kinds that the page says of them.

use std::rc::Rc;

use lunglens::imaging::decode;
use lunglens::intake::{Catalogue, NamedSource, OpenSeries, catalogue};
use lunglens::source::MemorySource;

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/");

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn file(name: &str, bytes: Vec<u8>) -> NamedSource {
    NamedSource::new(name, MemorySource::new(bytes))
}

fn find(files: Vec<NamedSource>) -> Catalogue {
    catalogue(files, &mut |_| {}, &|| false).expect("is looked through")
}

/// The files of a folder of fixtures.
fn folder(name: &str) -> Vec<NamedSource> {
    let paths = std::fs::read_dir(format!("{FIXTURES}{name}")).expect("is a folder");
    let mut names: Vec<String> =
        paths.map(|path| path.expect("is listed").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.into_iter().map(|one| file(&one, read(&format!("{name}/{one}")))).collect()
}

/// Why the proposed series of files cannot be opened, in kind and words.
fn refused(files: Vec<NamedSource>) -> Cause {
    find(files).open_recommended().expect_err("is refused").into()
}

/// A cause without the library's words.
fn bare(cause: Cause) -> Cause {
    Cause { words: String::new(), ..cause }
}

#[test]
fn a_series_that_cannot_be_measured_is_of_the_kind_of_its_error() {
    let mixed = |what: CauseKind| of(CauseKind::Mixed).over(what);
    let position = "ImagePositionPatient (0020,0032)";
    for (name, expected) in [
        ("fixtures/study/gap", of(CauseKind::Gap).counting([4.0, 8.0])),
        ("fixtures/study/duplicate", of(CauseKind::Duplicate).counting([1.0])),
        ("fixtures/study/sizes", mixed(CauseKind::Size)),
        ("fixtures/study/spacing", mixed(CauseKind::PixelSpacing)),
        ("fixtures/study/two-scans", mixed(CauseKind::Coordinates)),
        ("fixtures/study/unplaced", of(CauseKind::Lacks).naming(position).counting([1.0, 4.0])),
        ("fixtures/study/frames", of(CauseKind::BadGeometry)),
        ("corpus/series/mixed_studies", mixed(CauseKind::Study)),
        ("corpus/series/mixed_directions", of(CauseKind::Uneven)),
    ] {
        let cause = refused(folder(name));
        assert_eq!(bare(cause.clone()), expected, "{name}: {}", cause.words);
        // So too in the list of the series.
        let found = find(folder(name));
        let problem = found.series()[0].problem.as_ref().map(Cause::from);
        assert_eq!(problem, Some(cause), "{name}");
    }
}

#[test]
fn files_without_a_series_are_told_by_what_they_are() {
    let mr = || file("mr", read("corpus/dicom/modality_mr.dcm"));
    let text = |name: &str| file(name, b"Dear colleague".to_vec());
    let cause = refused(vec![text("a.txt"), mr(), text("b.txt")]);
    assert_eq!(cause.kind, CauseKind::Nothing, "{}", cause.words);
    let mut all = cause.within;
    all.sort_by(|a, b| a.numbers[0].total_cmp(&b.numbers[0]));
    let mr = of(CauseKind::OtherModality).naming("MR").counting([1.0]);
    assert_eq!(all, [mr, of(CauseKind::UnknownFormat).counting([2.0])]);
    let cut = refused(vec![file("a.nii", read("corpus/nifti/plain.nii")[..400].to_vec())]);
    assert_eq!(bare(cut.clone()), of_file("a.nii", of(CauseKind::CutShort)), "{}", cut.words);
    assert!(cut.words.contains("a.nii"), "{}", cut.words);
    assert_eq!(bare(refused(Vec::new())), of(CauseKind::Nothing));
}

#[test]
fn a_file_that_may_be_a_slice_is_told_by_name_with_what_is_wrong() {
    for (name, why, counts) in [
        ("corpus/dicom/cut_at_300.dcm", CauseKind::CutShort, [1.0, 2.0]),
        ("corpus/dicom/sequences_deep.dcm", CauseKind::Damaged, [1.0, 2.0]),
        ("corpus/zip/cut_2.zip", CauseKind::Archive, [1.0, 2.0]),
        // The three files in it.
        ("corpus/zip/encrypted.zip", CauseKind::OfFile, [3.0, 4.0]),
    ] {
        let cause = refused(vec![file("IM7", read(name)), file("text", b"Dear".to_vec())]);
        let told = (cause.kind, cause.name.as_str(), cause.numbers.as_slice(), cause.within[0].kind);
        assert_eq!(told, (CauseKind::Unreadable, "IM7", counts.as_slice(), why), "{name}: {}", cause.words);
    }
}

#[test]
fn a_slice_that_cannot_be_read_is_told_by_name_with_what_is_wrong() {
    let first = |files: Vec<NamedSource>| -> Cause {
        let open: OpenSeries = find(files).open_to_look(0).expect("is found");
        open.slice(0).expect_err("cannot be read").into()
    };
    let modality = of(CauseKind::OtherModality).naming("MR");
    for (name, why) in [
        ("corpus/picture/data_missing.png", of(CauseKind::Damaged)),
        ("corpus/picture/size_65535.bmp", of(CauseKind::TooLarge)),
        ("corpus/dicom/pixels_shorter.dcm", of(CauseKind::CutShort)),
        ("corpus/dicom/jpeg_garbage.dcm", of(CauseKind::Damaged)),
        ("corpus/dicom/modality_mr.dcm", of(CauseKind::Unfit).over(modality)),
        ("corpus/dicom/syntax_nonsense.dcm", of(CauseKind::Coding).naming("not.a.uid")),
    ] {
        let cause = first(vec![file("IM7", read(name))]);
        assert_eq!(bare(cause.clone()), of_file("IM7", why), "{name}: {}", cause.words);
    }
    let text = decode(b"Dear colleague").expect_err("is no slice");
    assert_eq!(text.cause(), of(CauseKind::NotRead), "{text}");
}

#[test]
fn bytes_that_are_gone_are_told_so() {
    struct Gone;
    impl lunglens::source::ByteSource for Gone {
        fn len(&self) -> u64 {
            1000
        }
        fn read(&self, _: u64, _: usize) -> Result<Vec<u8>, SourceError> {
            Err(SourceError::Read { detail: "NotFoundError".into() })
        }
    }
    let gone = NamedSource { name: "IM7".into(), source: Rc::new(Gone) };
    let expected = of(CauseKind::Unreadable).naming("IM7").counting([1.0, 1.0]).over(CauseKind::Gone);
    assert_eq!(bare(refused(vec![gone])), expected);
}

#[test]
fn reasons_are_of_the_kind_of_what_the_files_are() {
    assert_eq!(Reason::Localiser.cause(), of(CauseKind::Localiser));
    assert_eq!(Reason::OtherPart("HEAD").cause(), of(CauseKind::OtherPart).naming("HEAD"));
    let mixed = || StudyError::Mixed { what: Differing::Patient, first: String::new(), other: String::new() };
    let patients = || of(CauseKind::Mixed).over(CauseKind::Patient);
    let unmeasurable = Reason::Unmeasurable(mixed().into());
    assert_eq!(unmeasurable.cause(), of(CauseKind::Unmeasurable).over(patients()));
    assert_eq!(IntakeError::from(mixed()).cause(), patients());
    let few = StudyError::TooFewSlices { found: 2, needed: 3 };
    assert_eq!(few.cause(), of(CauseKind::TooFew).counting([2.0, 3.0]));
    let projection = Unmeasurable::Unfit(Box::new(Reason::Projection));
    assert_eq!(projection.cause(), of(CauseKind::Unfit).over(CauseKind::Projection));
}

#[test]
fn the_words_of_a_cause_are_those_of_the_library() {
    let error = StudyError::Missing { missing: 3 };
    let cause = Cause::from(&error);
    assert_eq!((cause.words.as_str(), bare(cause.clone())), (error.to_string().as_str(), error.cause()));
    let text = serde_json::to_string(&cause).expect("serialises");
    assert_eq!(serde_json::from_str::<Cause>(&text).expect("parses"), cause);
}

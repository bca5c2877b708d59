//! Folders of labelled slices.
//!
//! - With a `manifest.csv` (columns `file`, `case`, `slice` and `split`; `lesion_px` and `lung_px` are checked where
//!   they are there): `ct/`, `lesion/` and `lung/` hold a PNG a line, as in `covid-ct-slices`.
//! - With `ct/` (JPEG), `lesion/` and `classes/` (PNG), as in `medseg-50`: lesions only, the patients are not named, and
//!   the pictures lie on their side, so they are turned clockwise.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use lunglens::evaluate::SliceTruth;
use lunglens::imaging::{CtSlice, ValueScale, decode};
use lunglens::masks::Mask;

use super::args::SplitArg;
use crate::cli::collect::{Collected, collect};

const MANIFEST: &str = "manifest.csv";
/// What stands for a split where no slice has a lesion.
pub const NEGATIVES: &str = "negatives";

/// One slice of a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The picture's file name.
    pub name: String,
    /// Its case; a patient may have several.
    pub case: String,
    /// Whose it is.
    pub patient: String,
    ct: PathBuf,
    labels: Labels,
    turned: bool,
    /// The number of lesion and lung pixels that the manifest says.
    pixels: [Option<usize>; 2],
}

/// Where a slice's labels are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Labels {
    /// There is nothing to label, and lungs are not labelled.
    NoLesion,
    /// Files of masks.
    Files { lesion: PathBuf, lung: Option<PathBuf> },
}

/// The slices of a data folder that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// The folder's name.
    pub name: String,
    /// `train`, `val`, `all` or `negatives`.
    pub split: &'static str,
    /// Whether the slices' patients are known.
    pub patients_known: bool,
    /// The slices, in the manifest's order or in that of names.
    pub items: Vec<Item>,
}

impl Dataset {
    /// Recognises the folder's layout and lists its slices. Without `split` it is `val` where there are splits.
    pub fn open(folder: &Path, split: Option<SplitArg>) -> anyhow::Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let name = folder_name(folder)?;
        let manifest = folder.join(MANIFEST);
        if manifest.is_file() {
            let split = split.unwrap_or(SplitArg::Val);
            let text =
                fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
            let items =
                read_manifest(&text, folder, split).with_context(|| manifest.display().to_string())?;
            return Ok(Self { name, split: split.name(), patients_known: true, items });
        }
        let is_turned = ["ct", "lesion", "classes"].iter().all(|part| folder.join(part).is_dir());
        ensure!(
            is_turned,
            "{} has neither {MANIFEST} nor the folders ct, lesion and classes",
            folder.display()
        );
        ensure!(
            split.is_none_or(|split| split == SplitArg::All),
            "{} has no splits: leave --split out",
            folder.display()
        );
        let items = list_turned(folder)?;
        Ok(Self { name, split: SplitArg::All.name(), patients_known: false, items })
    }

    /// The slices below a folder, none of which has a lesion.
    pub fn open_negatives(folder: &Path) -> anyhow::Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let name = folder_name(folder)?;
        let Collected { files, unreadable, .. } = collect(&[folder.to_path_buf()]);
        if let Some(first) = unreadable.into_iter().next() {
            return Err(first.error).with_context(|| format!("reading {}", first.path.display()));
        }
        ensure!(!files.is_empty(), "{} has no PNG, JPEG, WebP, BMP or DICOM file", folder.display());
        let items = files.into_iter().map(|file| {
            let below = file.path.strip_prefix(folder).unwrap_or(&file.path);
            Item {
                name: below.to_string_lossy().replace('\\', "/"),
                case: name.clone(),
                patient: name.clone(),
                ct: file.path,
                labels: Labels::NoLesion,
                turned: false,
                pixels: [None; 2],
            }
        });
        Ok(Self { items: items.collect(), name, split: NEGATIVES, patients_known: false })
    }

    /// At most `limit` of the slices, spread evenly.
    pub fn limited(&self, limit: Option<usize>) -> Vec<Item> {
        let all = self.items.len();
        let count = limit.unwrap_or(all).min(all);
        (0..count).map(|i| self.items[i * all / count].clone()).collect()
    }
}

impl Item {
    /// Reads the slice and its labels, upright.
    pub fn read(&self) -> anyhow::Result<(CtSlice, SliceTruth)> {
        let mut slice = read_picture(&self.ct)?;
        if let (Labels::Files { .. }, Some(picture)) = (&self.labels, slice.picture) {
            ensure!(
                picture.reduced_by == 1 && picture.exif_orientation == 1,
                "{} would be reduced or turned, and its labels with it: labelled pictures have up to 2048 pixels on a side and no Exif \
                 orientation",
                self.ct.display()
            );
        }
        let (mut lesion, mut lung) = match &self.labels {
            Labels::NoLesion => (Mask::empty(slice.rows, slice.columns), None),
            Labels::Files { lesion, lung } => {
                let lung = lung.as_ref().map(|path| self.read_mask(path, &slice, self.pixels[1]));
                (self.read_mask(lesion, &slice, self.pixels[0])?, lung.transpose()?)
            }
        };
        if self.turned {
            slice = CtSlice {
                values: turned_clockwise(&slice.values, slice.rows, slice.columns),
                rows: slice.columns,
                columns: slice.rows,
                ..slice
            };
            for mask in [Some(&mut lesion), lung.as_mut()].into_iter().flatten() {
                mask.pixels = turned_clockwise(&mask.pixels, mask.rows, mask.columns);
                (mask.rows, mask.columns) = (mask.columns, mask.rows);
            }
        }
        let truth = SliceTruth { name: self.name.clone(), patient: self.patient.clone(), lesion, lung };
        Ok((slice, truth))
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let labels = match &self.labels {
            Labels::NoLesion => [None, None],
            Labels::Files { lesion, lung } => [Some(lesion), lung.as_ref()],
        };
        labels.into_iter().flatten().chain([&self.ct])
    }

    fn read_mask(&self, path: &Path, slice: &CtSlice, expected: Option<usize>) -> anyhow::Result<Mask> {
        let label = read_picture(path)?;
        ensure!(
            [label.rows, label.columns] == [slice.rows, slice.columns],
            "{} has {} x {} pixels and its slice {} x {}",
            path.display(),
            label.columns,
            label.rows,
            slice.columns,
            slice.rows
        );
        let ValueScale::Grey { max } = label.scale else {
            bail!("{} is no picture", path.display());
        };
        let inside: Vec<u8> = label.values.iter().map(|&value| u8::from(value > max / 2.0)).collect();
        let mask = Mask::from_bytes(label.rows, label.columns, &inside)?;
        if let Some(expected) = expected {
            let area = mask.area();
            ensure!(
                area == expected,
                "{} has {area} pixels inside, {MANIFEST} says {expected}",
                path.display()
            );
        }
        Ok(mask)
    }
}

fn folder_name(folder: &Path) -> anyhow::Result<String> {
    let absolute = fs::canonicalize(folder).with_context(|| folder.display().to_string())?;
    Ok(absolute.file_name().map_or("data".to_owned(), |name| name.to_string_lossy().into_owned()))
}

fn read_picture(path: &Path) -> anyhow::Result<CtSlice> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    decode(&bytes).with_context(|| path.display().to_string())
}

/// Row-major values turned by 90 degrees, so that what was at the left is at the top.
fn turned_clockwise<T: Copy>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    (0..columns)
        .flat_map(|column| (0..rows).rev().map(move |row| (row, column)))
        .map(|(row, column)| values[row * columns + column])
        .collect()
}

/// The lines of a split. The format is plain: no field is quoted or has a comma inside.
fn read_manifest(text: &str, folder: &Path, split: SplitArg) -> anyhow::Result<Vec<Item>> {
    let mut lines = text.lines().map(str::trim_end).enumerate().filter(|(_, line)| !line.is_empty());
    let (_, header) = lines.next().context("the file is empty")?;
    let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|each| *each == name);
    let needed = |name: &str| column(name).with_context(|| format!("there is no column '{name}'"));
    let (file, case, split_column) = (needed("file")?, needed("case")?, needed("split")?);
    needed("slice")?;
    let counts = [column("lesion_px"), column("lung_px")];

    let mut items = Vec::new();
    for (number, line) in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let line = number + 1;
        ensure!(
            fields.len() == names.len(),
            "line {line} has {} fields, the first line {}",
            fields.len(),
            names.len()
        );
        let name = fields[file];
        ensure!(
            !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']),
            "line {line}: '{name}' is no file name"
        );
        let wanted = match fields[split_column] {
            "train" => split != SplitArg::Val,
            "val" => split != SplitArg::Train,
            other => bail!("line {line}: the split '{other}' is neither train nor val"),
        };
        if !wanted {
            continue;
        }
        let mut pixels = [None; 2];
        for (pixels, column) in pixels.iter_mut().zip(counts) {
            let Some(column) = column else { continue };
            let count = fields[column].parse();
            *pixels = Some(count.with_context(|| format!("line {line}: '{}' is no number", fields[column]))?);
        }
        items.push(Item {
            name: name.to_owned(),
            case: fields[case].to_owned(),
            patient: patient_of(fields[case]).to_owned(),
            ct: folder.join("ct").join(name),
            labels: Labels::Files {
                lesion: folder.join("lesion").join(name),
                lung: Some(folder.join("lung").join(name)),
            },
            turned: false,
            pixels,
        });
    }
    ensure!(!items.is_empty(), "no line is of the split '{}'", split.name());
    for path in items.iter().flat_map(Item::files) {
        ensure!(path.is_file(), "{} is missing", path.display());
    }
    Ok(items)
}

/// Whose case it is. Radiopaedia's cases are numbered by patient first: `radiopaedia_10_85902_1` and
/// `radiopaedia_10_85902_3` are one patient, and so are `radiopaedia_29_86490_1` and `radiopaedia_29_86491_1`.
fn patient_of(case: &str) -> &str {
    if !case.starts_with("radiopaedia_") {
        return case;
    }
    let end = case.match_indices('_').nth(1).map_or(case.len(), |(at, _)| at);
    &case[..end]
}

fn list_turned(folder: &Path) -> anyhow::Result<Vec<Item>> {
    let stems = |part: &str, ending: &str| -> anyhow::Result<Vec<String>> {
        let folder = folder.join(part);
        let reading = || format!("reading {}", folder.display());
        let mut stems = Vec::new();
        for entry in fs::read_dir(&folder).with_context(reading)? {
            let name = entry.with_context(reading)?.file_name().to_string_lossy().into_owned();
            stems.extend(name.strip_suffix(ending).map(str::to_owned));
        }
        Ok(stems)
    };
    let mut names = stems("ct", ".jpg")?;
    // By number where names are numbers.
    names.sort_by_key(|name| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
    ensure!(!names.is_empty(), "{} has no JPEG file", folder.join("ct").display());
    let labels = stems("lesion", ".png")?;
    if let Some(alone) = labels.iter().find(|label| !names.contains(label)) {
        bail!("lesion/{alone}.png has no slice in {}", folder.join("ct").display());
    }
    names
        .into_iter()
        .map(|stem| {
            let lesion = folder.join("lesion").join(format!("{stem}.png"));
            ensure!(lesion.is_file(), "{} is missing", lesion.display());
            let name = format!("{stem}.jpg");
            Ok(Item {
                ct: folder.join("ct").join(&name),
                case: name.clone(),
                patient: name.clone(),
                name,
                labels: Labels::Files { lesion, lung: None },
                turned: true,
                pixels: [None; 2],
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outputs::tests::scratch_folder;

    #[test]
    fn two_cases_of_a_patient_are_one_patient() {
        assert_eq!(patient_of("radiopaedia_10_85902_1"), patient_of("radiopaedia_10_85902_3"));
        assert_eq!(patient_of("radiopaedia_29_86490_1"), patient_of("radiopaedia_29_86491_1"));
        assert_ne!(patient_of("radiopaedia_4_85506_1"), patient_of("radiopaedia_40_86625_0"));
        assert_eq!(patient_of("coronacases_001"), "coronacases_001");
    }

    #[test]
    fn turning_clockwise_brings_the_left_to_the_top() {
        // 1 2 3      4 1
        // 4 5 6  ->  5 2
        //            6 3
        assert_eq!(turned_clockwise(&[1, 2, 3, 4, 5, 6], 2, 3), [4, 1, 5, 2, 6, 3]);
    }

    #[test]
    fn wrong_manifests_are_told_by_line() {
        let root = scratch_folder("evaluate-manifest");
        let read = |text: &str| read_manifest(text, &root, SplitArg::Val).unwrap_err().to_string();
        assert_eq!(read(""), "the file is empty");
        assert_eq!(read("file,case,slice\n"), "there is no column 'split'");
        let header = "file,case,slice,split,lesion_px\n";
        assert!(read(&format!("{header}a.png,c,1,val\n")).starts_with("line 2 has 4 fields"));
        assert!(read(&format!("{header}../a.png,c,1,val,3\n")).contains("no file name"));
        assert!(read(&format!("{header}a.png,c,1,test,3\n")).contains("'test' is neither"));
        assert!(read(&format!("{header}a.png,c,1,val,x\n")).contains("'x' is no number"));
        assert!(read(&format!("{header}a.png,c,1,train,3\n")).contains("no line is of the split 'val'"));
        assert!(read(&format!("{header}a.png,c,1,val,3\n")).ends_with("a.png is missing"));
    }

    #[test]
    fn a_limit_spreads_evenly() {
        let item = |i: usize| Item {
            name: i.to_string(),
            case: String::new(),
            patient: String::new(),
            ct: PathBuf::new(),
            labels: Labels::NoLesion,
            turned: false,
            pixels: [None; 2],
        };
        let items = (0..10).map(item).collect();
        let data = Dataset { name: String::new(), split: "all", patients_known: false, items };
        let names = |limit| -> Vec<String> { data.limited(limit).into_iter().map(|i| i.name).collect() };
        assert_eq!(names(Some(3)), ["0", "3", "6"]);
        assert_eq!(names(Some(99)).len(), 10);
        assert_eq!(names(None).len(), 10);
    }
}

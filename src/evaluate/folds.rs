//! Cross-validation: which model did not see which slice.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::EvaluateError;

/// The models of a cross-validation, as in a folds file:
/// `{"folds": [{"model": "fold-0/r50.llw", "held_out": ["coronacases_001", "7.jpg"]}, ...]}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folds {
    /// One a model.
    pub folds: Vec<Fold>,
}

/// One model and what it was not trained on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// A model file with its manifest beside it, or a model's id in `models_dir`; relative to the folds file.
    pub model: String,
    /// The folder with the manifest that has the id.
    pub models_dir: Option<String>,
    /// Patients, cases or file names. Names of other data are passed over, so that one file serves several folders.
    pub held_out: Vec<String>,
}

/// By what names a slice can be held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceNames<'a> {
    /// Its file's name.
    pub file: &'a str,
    /// Its case, of which a patient may have several.
    pub case: &'a str,
    /// Whose it is.
    pub patient: &'a str,
}

impl Folds {
    /// Reads a folds file.
    ///
    /// # Errors
    /// [`EvaluateError::Folds`] if it is not JSON of that form or has no fold.
    pub fn from_json(text: &str) -> Result<Self, EvaluateError> {
        let folds: Self =
            serde_json::from_str(text).map_err(|error| EvaluateError::Folds(error.to_string()))?;
        if folds.folds.is_empty() {
            return Err(EvaluateError::Folds("there is no fold".to_owned()));
        }
        Ok(folds)
    }

    /// The fold of each slice.
    ///
    /// # Errors
    /// [`EvaluateError::Folds`] if a slice is in no fold or in two, or slices of one patient are in different folds, so
    /// that a model would be measured on a patient that it has seen.
    pub fn assign(&self, slices: &[SliceNames]) -> Result<Vec<usize>, EvaluateError> {
        let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, fold) in self.folds.iter().enumerate() {
            for name in &fold.held_out {
                if let Some(other) = fold_of.insert(name, index) {
                    return Err(EvaluateError::Folds(format!(
                        "'{name}' is held out twice, by folds {other} and {index}"
                    )));
                }
            }
        }
        let mut patients: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        let mut assigned = Vec::with_capacity(slices.len());
        for slice in slices {
            let mut found =
                [slice.file, slice.case, slice.patient].into_iter().filter_map(|n| fold_of.get(n));
            let Some(&fold) = found.next() else {
                return Err(EvaluateError::Folds(format!(
                    "{} (case {}) is held out by no fold",
                    slice.file, slice.case
                )));
            };
            if let Some(other) = found.find(|&&other| other != fold) {
                return Err(EvaluateError::Folds(format!(
                    "{} (case {}) is held out twice, by folds {fold} and {other}",
                    slice.file, slice.case
                )));
            }
            let (other, first) = *patients.entry(slice.patient).or_insert((fold, slice.file));
            if other != fold {
                return Err(EvaluateError::Folds(format!(
                    "patient {} is in two folds: {first} in {other}, {} in {fold}",
                    slice.patient, slice.file
                )));
            }
            assigned.push(fold);
        }
        Ok(assigned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice<'a>(file: &'a str, case: &'a str, patient: &'a str) -> SliceNames<'a> {
        SliceNames { file, case, patient }
    }

    fn folds(held_out: &[&[&str]]) -> Folds {
        let fold = |names: &&[&str]| Fold {
            model: "r50".to_owned(),
            models_dir: None,
            held_out: names.iter().map(|&name| name.to_owned()).collect(),
        };
        Folds { folds: held_out.iter().map(fold).collect() }
    }

    #[test]
    fn slices_are_found_by_file_case_or_patient() {
        let folds = folds(&[&["p1", "7.jpg", "of other data"], &["p2_b", "p2_a"]]);
        let slices =
            [slice("0.png", "p1_a", "p1"), slice("1.png", "p2_a", "p2"), slice("7.jpg", "7.jpg", "7.jpg")];
        assert_eq!(folds.assign(&slices).unwrap(), [0, 1, 0]);
    }

    #[test]
    fn a_slice_in_no_fold_or_in_two_and_a_shared_patient_are_errors() {
        let told = |folds: Folds, slices: &[SliceNames]| folds.assign(slices).unwrap_err().to_string();
        let one = [slice("0.png", "p1_a", "p1")];
        assert!(told(folds(&[&["p2"]]), &one).contains("0.png (case p1_a) is held out by no fold"));
        assert!(told(folds(&[&["p1"], &["0.png"]]), &one).contains("0.png (case p1_a) is held out twice"));
        assert!(told(folds(&[&["p1"], &["p1"]]), &one).contains("'p1' is held out twice, by folds 0 and 1"));
        let both = [slice("0.png", "p1_a", "p1"), slice("1.png", "p1_b", "p1")];
        assert!(told(folds(&[&["p1_a"], &["p1_b"]]), &both).contains("patient p1 is in two folds"));
    }

    #[test]
    fn files_of_another_form_are_errors() {
        let read = Folds::from_json(r#"{"folds":[{"model":"a.llw","held_out":["p"]}]}"#).unwrap();
        assert_eq!(read.folds[0].model, "a.llw");
        assert!(Folds::from_json(r#"{"folds":[]}"#).unwrap_err().to_string().contains("no fold"));
        assert!(Folds::from_json(r#"{"folds":[{"model":"a","held_out":[],"seed":1}]}"#).is_err());
    }
}

//! How errors are told.

/// The error and what caused it, from the outside in. Causes that the message before already says are left out: many errors have
/// their source in their own text.
pub fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    let mut before = text.clone();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !before.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        before = cause;
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};
    use lunglens::manifest::ModelManifest;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = ModelManifest::from_json("{").unwrap_err();
        let alone = error.to_string();
        let error = Err::<(), _>(error).context("manifest.json").unwrap_err();
        assert_eq!(told(&error), format!("manifest.json: {alone}"));
        // Plain formatting says it twice; else this test could not fail.
        assert_ne!(format!("{error:#}"), told(&error));
    }

    #[test]
    fn causes_that_say_more_stay() {
        let error = anyhow!("disk full").context("writing a.json").context("the study has no result");
        assert_eq!(told(&error), "the study has no result: writing a.json: disk full");
        // The middle one is in the first, the last in neither.
        let error = anyhow!("gone").context("b.json").context("reading b.json");
        assert_eq!(told(&error), "reading b.json: gone");
        assert_eq!(told(&anyhow!("alone")), "alone");
    }
}

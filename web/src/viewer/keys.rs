//! Keys to what is meant by them.

use super::gesture::Tool;
use super::plane::Plane;

/// What a key asks of the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Command {
    /// So many cuts on: positive towards the head, the back or the left.
    Step(i32),
    /// The first cut.
    First,
    /// The last cut.
    Last,
    /// The preset of that index.
    Preset(usize),
    /// The window that the volume was first shown through.
    FirstWindow,
    /// Another plane.
    Show(Plane),
    /// Enlarge by this factor.
    Zoom(f64),
    /// Move the picture by shares of the screen.
    Pan([f64; 2]),
    /// Level and width by this much, as a drag across and down.
    Window([f64; 2]),
    /// The whole cut, as at first.
    Fit,
    /// Another tool.
    Use(Tool),
    /// The overlay on or off.
    ToggleOverlay,
    /// The frame around a part, or the last ruler, is removed.
    RemoveRuler,
    /// The cross is put, or a distance begins or ends at it.
    Press,
    /// The cross moves by so many pixels of the cut.
    Move([i32; 2]),
    /// What is being drawn with the cross is taken away, or else the cross.
    Leave,
}

impl Command {
    /// Whether it goes to another cut: where there is none, its key is left to the page, which scrolls.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Step(_) | Self::First | Self::Last)
    }
}

/// What a key has on it, by `KeyboardEvent.key`; of a keyboard of another script what a Latin one has in that place, by
/// `KeyboardEvent.code`.
pub fn latin<'a>(key: &'a str, code: &'a str) -> &'a str {
    // Beyond the last Latin letter of the basic plane's beginning (Latin Extended-B).
    if key.chars().any(|c| c <= '\u{24f}') {
        return key;
    }
    match code {
        "BracketLeft" => "[",
        "BracketRight" => "]",
        "Comma" => ",",
        "Period" => ".",
        _ => code.strip_prefix("Key").or(code.strip_prefix("Digit")).unwrap_or(key),
    }
}

/// The command of a key, as `KeyboardEvent.key` names it, with Shift held or not; none for other keys.
pub fn command(key: &str, shift: bool) -> Option<Command> {
    Some(match (key, shift) {
        ("ArrowUp", true) => Command::Pan([0.0, 0.1]),
        ("ArrowDown", true) => Command::Pan([0.0, -0.1]),
        ("ArrowLeft", true) => Command::Pan([0.1, 0.0]),
        ("ArrowRight", true) => Command::Pan([-0.1, 0.0]),
        ("ArrowUp" | "ArrowRight", false) => Command::Step(1),
        ("ArrowDown" | "ArrowLeft", false) => Command::Step(-1),
        ("PageUp", _) => Command::Step(10),
        ("PageDown", _) => Command::Step(-10),
        ("Home", _) => Command::First,
        ("End", _) => Command::Last,
        ("1", _) => Command::Preset(0),
        ("2", _) => Command::Preset(1),
        ("3", _) => Command::Preset(2),
        ("a" | "A", _) => Command::Show(Plane::Axial),
        ("c" | "C", _) => Command::Show(Plane::Coronal),
        ("s" | "S", _) => Command::Show(Plane::Sagittal),
        ("+" | "=", _) => Command::Zoom(1.25),
        ("-" | "_", _) => Command::Zoom(0.8),
        ("[", _) => Command::Window([-10.0, 0.0]),
        ("]", _) => Command::Window([10.0, 0.0]),
        (",", _) => Command::Window([0.0, -10.0]),
        (".", _) => Command::Window([0.0, 10.0]),
        ("0" | "f" | "F", _) => Command::Fit,
        ("b" | "B", _) => Command::Use(Tool::Browse),
        ("w" | "W", _) => Command::Use(Tool::Window),
        ("r" | "R", _) => Command::Use(Tool::Ruler),
        ("p" | "P", _) => Command::Use(Tool::Select),
        ("o" | "O", _) => Command::ToggleOverlay,
        ("Delete" | "Backspace", _) => Command::RemoveRuler,
        ("Enter", _) => Command::Press,
        _ => return None,
    })
}

/// The command of a key that means something else while the cross is there; none for other keys.
pub fn with_cross(key: &str, shift: bool) -> Option<Command> {
    let far = if shift { 10 } else { 1 };
    Some(match key {
        "ArrowUp" => Command::Move([0, -far]),
        "ArrowDown" => Command::Move([0, far]),
        "ArrowLeft" => Command::Move([-far, 0]),
        "ArrowRight" => Command::Move([far, 0]),
        "Escape" => Command::Leave,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        assert_eq!(command("ArrowUp", false), Some(Command::Step(1)));
        assert_eq!(command("ArrowUp", true), Some(Command::Pan([0.0, 0.1])));
        assert_eq!(command("PageDown", false), Some(Command::Step(-10)));
        assert_eq!(command("C", true), Some(Command::Show(Plane::Coronal)));
        assert_eq!((command("Tab", false), command("x", false)), (None, None));
        let goes_on = |key| command(key, false).is_some_and(Command::goes_on);
        assert!(["ArrowUp", "PageDown", "Home", "End"].into_iter().all(goes_on));
        assert!(!["+", "f", "o", "Delete"].into_iter().any(goes_on));
    }

    #[test]
    fn keys_of_another_script_mean_what_is_in_their_place() {
        let of = |key, code| command(latin(key, code), false);
        // Russian, Arabic (whose B writes two letters), Persian.
        assert_eq!(of("с", "KeyC"), Some(Command::Show(Plane::Coronal)));
        assert_eq!(of("Щ", "KeyO"), Some(Command::ToggleOverlay));
        assert_eq!(of("لا", "KeyB"), Some(Command::Use(Tool::Browse)));
        assert_eq!(of("۲", "Digit2"), Some(Command::Preset(1)));
        assert_eq!(of("ъ", "BracketRight"), Some(Command::Window([10.0, 0.0])));
        assert_eq!(of("х", ""), None);
        // A Latin keyboard has its letters elsewhere: what is on the key counts.
        assert_eq!(of("a", "KeyQ"), Some(Command::Show(Plane::Axial)));
        assert_eq!(of("é", "KeyA"), None);
        assert_eq!(of("ArrowUp", "ArrowUp"), Some(Command::Step(1)));
    }
}

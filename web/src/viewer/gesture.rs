//! Pointers to what is meant by them.

use crate::volume_view::Frame;

/// What the main button or one finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Goes through the slices, or moves an enlarged picture; a tap chooses a lesion.
    Browse,
    /// Sets level and width.
    Window,
    /// Measures a distance.
    Ruler,
    /// Draws a frame around the part of a picture that is to be read.
    Select,
}

impl Tool {
    /// Whether it can be used on a volume.
    pub fn is_offered(self, frame: &Frame) -> bool {
        match self {
            Self::Browse | Self::Window => true,
            Self::Ruler => frame.pixel_spacing_mm.is_some(),
            Self::Select => frame.picture.is_some() && frame.len == 1,
        }
    }

    /// Its name for tests.
    pub fn id(self) -> &'static str {
        match self {
            Self::Browse => "browse",
            Self::Window => "window",
            Self::Ruler => "ruler",
            Self::Select => "select",
        }
    }
}

/// All tools, in the order of the page.
pub const TOOLS: [Tool; 4] = [Tool::Browse, Tool::Window, Tool::Ruler, Tool::Select];

/// Which kind of pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// A mouse with the button that went down: 0 main, 1 middle, 2 secondary.
    Mouse(i16),
    /// A finger or a pen.
    Touch,
}

/// What is meant. Points and distances are in screen pixels of the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gesture {
    /// So many slices on; positive is towards the head, and downwards on the screen is towards the feet.
    Scroll(i32),
    /// The picture follows the pointer.
    Pan([f64; 2]),
    /// Enlarged by `factor` about a point.
    Zoom {
        /// The point that stays.
        at: [f64; 2],
        /// By how much.
        factor: f64,
    },
    /// Width by the way across, level by the way down.
    Window([f64; 2]),
    /// A distance, or a frame by its corners, is drawn out.
    Measure {
        /// Its first end.
        from: [f64; 2],
        /// Its present other end.
        to: [f64; 2],
        /// Whether this is its end.
        done: bool,
    },
    /// What is being drawn out is not wanted.
    GiveUp,
    /// A press without a drag.
    Tap([f64; 2]),
    /// A finger rests or moves after a long press: what is under it?
    Probe([f64; 2]),
}

/// What a drag does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Drag {
    Scroll,
    Pan,
    Window,
    Measure,
    Probe,
}

/// One pointer that is down.
#[derive(Debug, Clone, Copy)]
struct Down {
    id: i32,
    start: [f64; 2],
    at: [f64; 2],
}

/// A pointer has to move so far to drag.
const SLACK: f64 = 5.0;
/// The least way of a drag for one slice.
const LEAST_STEP: f64 = 4.0;
/// The most way of a drag for one slice.
const MOST_STEP: f64 = 24.0;

/// The pointers on the viewer.
#[derive(Debug, Default)]
pub struct Pointers {
    down: Vec<Down>,
    drag: Option<Drag>,
    /// Whether the pointers have moved, or done something else than a tap.
    moved: bool,
    /// The way of a scroll that has not made a slice yet.
    rest: f64,
}

/// What the viewer is like when a pointer goes down or moves.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The tool.
    pub tool: Tool,
    /// Whether the picture is larger than the screen.
    pub enlarged: bool,
    /// Whether the shift key is held.
    pub shift: bool,
    /// Height of the viewer in screen pixels.
    pub height: f64,
    /// How many cuts there are.
    pub cuts: usize,
}

impl Pointers {
    /// A pointer goes down.
    pub fn press(&mut self, id: i32, kind: Pointer, at: [f64; 2], setting: Setting) -> Option<Gesture> {
        self.down.retain(|down| down.id != id);
        self.down.push(Down { id, start: at, at });
        if self.down.len() > 1 {
            // Two fingers zoom and pan, whatever one was doing.
            let given_up = self.given_up();
            self.drag = None;
            self.moved = true;
            return given_up;
        }
        self.moved = false;
        self.rest = 0.0;
        self.drag = Some(match (kind, setting.tool) {
            (Pointer::Mouse(2), _) => Drag::Window,
            (Pointer::Mouse(1), _) => Drag::Pan,
            (Pointer::Mouse(_), _) if setting.shift => Drag::Pan,
            (_, Tool::Window) => Drag::Window,
            (_, Tool::Ruler | Tool::Select) => Drag::Measure,
            (_, Tool::Browse) if setting.enlarged => Drag::Pan,
            (_, Tool::Browse) => Drag::Scroll,
        });
        None
    }

    /// What ends without an end of its own.
    fn given_up(&self) -> Option<Gesture> {
        (self.moved && self.drag == Some(Drag::Measure)).then_some(Gesture::GiveUp)
    }

    /// A pointer moves.
    pub fn drag(&mut self, id: i32, at: [f64; 2], setting: Setting) -> Vec<Gesture> {
        let Some(index) = self.down.iter().position(|down| down.id == id) else { return Vec::new() };
        let before = self.down[index].at;
        if self.down.len() > 1 {
            let other = self.down[1 - index.min(1)].at;
            self.down[index].at = at;
            if index > 1 {
                return Vec::new();
            }
            return pinch([before, other], [at, other]);
        }
        let from = self.down[0].start;
        if !self.moved && distance(from, at) < SLACK {
            return Vec::new();
        }
        self.moved = true;
        self.down[0].at = at;
        let by = [at[0] - before[0], at[1] - before[1]];
        match self.drag {
            Some(Drag::Scroll) => {
                let step = (setting.height / setting.cuts.max(1) as f64).clamp(LEAST_STEP, MOST_STEP);
                self.rest += by[1];
                let steps = (self.rest / step).trunc();
                self.rest -= steps * step;
                if steps == 0.0 { Vec::new() } else { vec![Gesture::Scroll(-steps as i32)] }
            }
            Some(Drag::Pan) => vec![Gesture::Pan(by)],
            Some(Drag::Window) => vec![Gesture::Window(by)],
            Some(Drag::Measure) => vec![Gesture::Measure { from, to: at, done: false }],
            Some(Drag::Probe) => vec![Gesture::Probe(at)],
            None => Vec::new(),
        }
    }

    /// A pointer goes up.
    pub fn release(&mut self, id: i32, at: [f64; 2]) -> Vec<Gesture> {
        let Some(index) = self.down.iter().position(|down| down.id == id) else { return Vec::new() };
        let down = self.down.remove(index);
        let drag = if self.down.is_empty() { self.drag.take() } else { None };
        match (drag, self.moved) {
            (Some(Drag::Measure), true) => vec![Gesture::Measure { from: down.start, to: at, done: true }],
            (Some(Drag::Probe), _) | (None, _) => Vec::new(),
            (Some(_), false) => vec![Gesture::Tap(down.start)],
            (Some(_), true) => Vec::new(),
        }
    }

    /// A pointer is taken away, by the browser or the system.
    pub fn cancel(&mut self, id: i32) -> Option<Gesture> {
        self.down.retain(|down| down.id != id);
        let given_up = self.given_up();
        if self.down.is_empty() {
            self.drag = None;
        }
        given_up
    }

    /// A finger has been down for long: if it has not moved, it asks what is under it.
    pub fn hold(&mut self, id: i32) -> Vec<Gesture> {
        match self.down.as_slice() {
            [down] if down.id == id && !self.moved => {
                self.moved = true;
                self.drag = Some(Drag::Probe);
                vec![Gesture::Probe(down.at)]
            }
            _ => Vec::new(),
        }
    }

    /// Whether any pointer is down.
    pub fn are_down(&self) -> bool {
        !self.down.is_empty()
    }
}

/// Two fingers move: they enlarge about their middle by the change of their distance, and pan by that of the middle.
fn pinch(before: [[f64; 2]; 2], after: [[f64; 2]; 2]) -> Vec<Gesture> {
    let middle = |[a, b]: [[f64; 2]; 2]| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let (old, at) = (middle(before), middle(after));
    let spread = distance(before[0], before[1]).max(1.0);
    let factor = (distance(after[0], after[1]) / spread).clamp(0.2, 5.0);
    vec![Gesture::Pan([at[0] - old[0], at[1] - old[1]]), Gesture::Zoom { at, factor }]
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(tool: Tool) -> Setting {
        Setting { tool, enlarged: false, shift: false, height: 600.0, cuts: 60 }
    }

    #[test]
    fn a_drag_down_goes_towards_the_feet() {
        let mut pointers = Pointers::default();
        let browse = setting(Tool::Browse);
        pointers.press(1, Pointer::Touch, [100.0, 100.0], browse);
        assert_eq!(pointers.drag(1, [100.0, 103.0], browse), []);
        // 10 pixels a slice: 600 pixels for 60 slices.
        assert_eq!(pointers.drag(1, [100.0, 112.0], browse), [Gesture::Scroll(-1)]);
        assert_eq!(pointers.drag(1, [100.0, 118.0], browse), []);
        assert_eq!(pointers.drag(1, [100.0, 121.0], browse), [Gesture::Scroll(-1)]);
        assert_eq!(pointers.drag(1, [100.0, 90.0], browse), [Gesture::Scroll(3)]);
        assert_eq!(pointers.release(1, [100.0, 90.0]), []);
    }

    #[test]
    fn buttons_and_tools_choose_what_a_drag_does() {
        let drag = |kind, setting: Setting| {
            let mut pointers = Pointers::default();
            pointers.press(7, kind, [10.0, 10.0], setting);
            pointers.drag(7, [30.0, 10.0], setting)
        };
        let by = [20.0, 0.0];
        assert_eq!(drag(Pointer::Mouse(2), setting(Tool::Browse)), [Gesture::Window(by)]);
        assert_eq!(drag(Pointer::Mouse(1), setting(Tool::Ruler)), [Gesture::Pan(by)]);
        assert_eq!(
            drag(Pointer::Mouse(0), Setting { shift: true, ..setting(Tool::Ruler) }),
            [Gesture::Pan(by)]
        );
        assert_eq!(drag(Pointer::Touch, setting(Tool::Window)), [Gesture::Window(by)]);
        assert_eq!(
            drag(Pointer::Touch, Setting { enlarged: true, ..setting(Tool::Browse) }),
            [Gesture::Pan(by)]
        );
        let measure = Gesture::Measure { from: [10.0, 10.0], to: [30.0, 10.0], done: false };
        assert_eq!(drag(Pointer::Mouse(0), setting(Tool::Ruler)), [measure]);
    }

    #[test]
    fn a_press_without_a_drag_is_a_tap_and_a_drag_ends_a_measure() {
        let ruler = setting(Tool::Ruler);
        let mut pointers = Pointers::default();
        pointers.press(1, Pointer::Mouse(0), [10.0, 10.0], ruler);
        assert!(pointers.are_down());
        assert_eq!(pointers.release(1, [12.0, 10.0]), [Gesture::Tap([10.0, 10.0])]);
        assert!(!pointers.are_down());
        pointers.press(1, Pointer::Mouse(0), [10.0, 10.0], ruler);
        pointers.drag(1, [40.0, 50.0], ruler);
        let done = Gesture::Measure { from: [10.0, 10.0], to: [40.0, 50.0], done: true };
        assert_eq!(pointers.release(1, [40.0, 50.0]), [done]);
        pointers.press(1, Pointer::Mouse(0), [10.0, 10.0], ruler);
        pointers.cancel(1);
        assert_eq!(pointers.release(1, [10.0, 10.0]), []);
    }

    #[test]
    fn two_fingers_zoom_about_their_middle_and_pan() {
        let browse = setting(Tool::Browse);
        let mut pointers = Pointers::default();
        pointers.press(1, Pointer::Touch, [100.0, 100.0], browse);
        pointers.press(2, Pointer::Touch, [200.0, 100.0], browse);
        let found = pointers.drag(2, [300.0, 100.0], browse);
        assert_eq!(found, [Gesture::Pan([50.0, 0.0]), Gesture::Zoom { at: [200.0, 100.0], factor: 2.0 }]);
        let found = pointers.drag(1, [200.0, 100.0], browse);
        assert_eq!(found, [Gesture::Pan([50.0, 0.0]), Gesture::Zoom { at: [250.0, 100.0], factor: 0.5 }]);
        // Neither finger taps, nor drags on alone.
        assert_eq!(pointers.release(2, [300.0, 100.0]), []);
        assert_eq!(pointers.drag(1, [200.0, 180.0], browse), []);
        assert_eq!(pointers.release(1, [200.0, 180.0]), []);
    }

    #[test]
    fn a_second_finger_gives_up_what_the_first_draws() {
        let ruler = setting(Tool::Ruler);
        let mut pointers = Pointers::default();
        pointers.press(1, Pointer::Touch, [100.0, 100.0], ruler);
        assert_eq!(pointers.press(2, Pointer::Touch, [200.0, 100.0], ruler), None, "nothing is drawn yet");
        pointers.release(2, [200.0, 100.0]);
        pointers.release(1, [100.0, 100.0]);
        pointers.press(1, Pointer::Touch, [100.0, 100.0], ruler);
        pointers.drag(1, [120.0, 100.0], ruler);
        assert_eq!(pointers.press(2, Pointer::Touch, [200.0, 100.0], ruler), Some(Gesture::GiveUp));
        assert_eq!(pointers.release(1, [120.0, 100.0]), []);
        assert_eq!(pointers.cancel(2), None);
        pointers.press(1, Pointer::Touch, [100.0, 100.0], ruler);
        pointers.drag(1, [120.0, 100.0], ruler);
        assert_eq!(pointers.cancel(1), Some(Gesture::GiveUp));
    }

    #[test]
    fn a_long_press_probes() {
        let browse = setting(Tool::Browse);
        let mut pointers = Pointers::default();
        pointers.press(1, Pointer::Touch, [50.0, 50.0], browse);
        assert_eq!(pointers.hold(2), []);
        assert_eq!(pointers.hold(1), [Gesture::Probe([50.0, 50.0])]);
        assert_eq!(pointers.drag(1, [60.0, 80.0], browse), [Gesture::Probe([60.0, 80.0])]);
        assert_eq!(pointers.release(1, [60.0, 80.0]), []);
        pointers.press(1, Pointer::Touch, [50.0, 50.0], browse);
        pointers.drag(1, [50.0, 90.0], browse);
        assert_eq!(pointers.hold(1), [], "it has moved");
    }
}

//! The page's components.

mod downloads;
mod effects;
mod findings;
mod found;
mod language;
mod open;
mod options;
mod page;
mod print;
mod progress;
mod replace;
mod samples;
mod slice_map;
mod stage;
mod study_result;
mod told;
mod workers;

/// Shows the page.
pub fn start() {
    if let Some(root) = crate::browser::document().and_then(|d| d.get_element_by_id("app")) {
        yew::Renderer::<page::Page>::with_root(root).render();
    }
}

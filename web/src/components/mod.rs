//! The page's components.

mod findings;
mod open;
mod options;
mod page;
mod paint;
mod progress;
mod samples;
mod viewer;

/// Shows the page.
pub fn start() {
    if let Some(root) = crate::browser::document().and_then(|d| d.get_element_by_id("app")) {
        yew::Renderer::<page::Page>::with_root(root).render();
    }
}

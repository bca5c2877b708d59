//! The words of the viewer, as a part of [`crate::strings::Strings`].

/// The words of one language.
#[allow(missing_docs, reason = "each name says which words it holds")]
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ViewerWords {
    pub label: &'static str,
    pub planes_label: &'static str,
    pub planes: [&'static str; 3],
    pub no_plane: &'static str,
    pub windows_label: &'static str,
    pub presets: [&'static str; 3],
    pub full_range: &'static str,
    pub own_window: &'static str,
    pub tools_label: &'static str,
    pub tools: [&'static str; 3],
    pub tool_hints: [&'static str; 3],
    pub no_ruler: &'static str,
    pub fit: &'static str,
    pub fit_hint: &'static str,
    pub clear_rulers: &'static str,
    pub slice: &'static str,
    pub cut: &'static str,
    pub of: &'static str,
    pub width: &'static str,
    pub level: &'static str,
    pub hu: &'static str,
    pub grey: &'static str,
    pub ruler: &'static str,
    pub not_here: &'static str,
    pub unreadable: &'static str,
    pub loaded: &'static str,
    pub measured: &'static str,
    pub not_measured: &'static str,
    pub involved: &'static str,
    pub strip: &'static str,
    pub picture_note: &'static str,
    pub spacing_note: &'static str,
    pub sides_note: &'static str,
    pub help: &'static str,
    pub help_items: [(&'static str, &'static str); 12],
    pub keys_summary: &'static str,
}

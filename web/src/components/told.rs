//! What the page tells, and under it the library's own words where they say more.

use yew::prelude::*;

use crate::protocol::Cause;
use crate::state::Said;
use crate::strings::Strings;

/// What the page says.
pub fn said(t: &Strings, said: &Said) -> Html {
    with_detail(said.words(t), said.detail(t))
}

/// Why something is as it is.
pub fn cause(t: &Strings, cause: &Cause) -> Html {
    with_detail(cause.said(t), cause.detail(t))
}

/// That another series than the present one is proposed, by what this one is.
pub fn not_proposed(t: &Strings, reason: &Cause) -> String {
    t.not_proposed.replace("{reason}", reason.said(t).trim_end_matches(['.', '。']))
}

fn with_detail(words: String, detail: Option<&str>) -> Html {
    html! {
        <>
            { words }
            if let Some(detail) = detail {
                <span class="technical" lang="en" dir="ltr">{ detail }</span>
            }
        </>
    }
}

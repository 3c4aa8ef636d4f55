//! Markdown to HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

/// Pages that a link between documents may lead to: file name, address.
const PAGES: &[(&str, &str)] = &[
    ("send.md", "/api/docs/guides/send"),
    ("RECEIVERS.md", "/api/docs/guides/receive"),
    ("templates.md", "/api/docs/guides/templates"),
    ("broadcast.md", "/api/docs/guides/broadcast"),
    ("errors.md", "/api/docs/guides/errors"),
    ("media.md", "/api/docs/guides/media"),
];

/// Returns the HTML of a text. Links lead to pages that are served here, or elsewhere by `https`; of others the text remains.
pub(super) fn html(text: &str) -> String {
    let mut is_dropped = false;
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => {
            let target = target(dest_url);
            is_dropped = target.is_none();
            let dest_url = target?;
            Some(Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }))
        }
        Event::End(TagEnd::Link) if is_dropped => None,
        // Markup within a text is text.
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        other => Some(other),
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// The HTML of a text of one paragraph, without the paragraph.
pub(super) fn inline(text: &str) -> String {
    let whole = html(text);
    let whole = whole.trim();
    match whole.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => whole.to_owned(),
    }
}

fn target(given: CowStr<'_>) -> Option<CowStr<'_>> {
    if given.starts_with("https://") || given.starts_with('/') {
        return Some(given);
    }
    let file = given.split('#').next().and_then(|path| path.rsplit('/').next());
    let found = PAGES.iter().find(|(name, _)| Some(*name) == file);
    found.map(|(_, page)| CowStr::Borrowed(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_is_text_and_links_lead_to_pages() {
        assert_eq!(inline("a <b>c</b> `d`"), "a &lt;b&gt;c&lt;/b&gt; <code>d</code>");
        assert_eq!(
            inline("[x](../docs/guides/media.md#y)"),
            "<a href=\"/api/docs/guides/media\">x</a>"
        );
        assert_eq!(inline("[x](javascript:alert)"), "x");
    }
}

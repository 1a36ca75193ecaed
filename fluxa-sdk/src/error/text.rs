//! Foreign text in what errors print: without what could deceive a reader, and not without end.
//!
//! Owns which characters are left out, how much is shown, and that the key is not.

/// The most characters of one foreign text that are shown.
const MAX_CHARS: usize = 512;

/// Returns foreign text as it may be printed: no control characters, nothing that turns the
/// direction of writing or takes no room, and at most 512 characters.
pub(super) fn printable(text: &str) -> String {
    shortened(text, MAX_CHARS)
}

/// Returns foreign text as it may be printed, cut to this many characters.
pub(super) fn shortened(text: &str, max_chars: usize) -> String {
    let mut shown = text.chars().filter(|c| is_plain(*c));
    let mut short: String = shown.by_ref().take(max_chars).collect();
    if shown.next().is_some() {
        short.push('…');
    }
    short
}

/// Returns whether a character shows itself and nothing but itself.
pub(super) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Takes the API key out of a text that a server may have echoed it in.
pub(crate) fn redact(text: &mut String, key: &str) {
    if text.contains(key) {
        *text = text.replace(key, "[redacted]");
    }
}

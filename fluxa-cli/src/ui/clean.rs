//! Owns making text from outside harmless to a terminal.

use std::borrow::Cow;

/// Returns `text` with every character that a terminal would obey, or that would mislead a reader,
/// written out as `\u{…}`.
///
/// That is: C0 and C1 controls (ESC, CR, BEL, CSI, …), DEL, line and paragraph separators,
/// bidirectional overrides and isolates, zero-width characters and tags. Written out and not
/// dropped, because what a stranger tried to send is worth seeing.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_dangerous(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Returns JSON with the same characters as `\u…` escapes. The text must be one line of JSON: outside
/// its strings there is nothing to escape.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_dangerous) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_dangerous(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{clean, escape_json};

    #[test]
    fn escape_sequences_of_every_kind_are_written_out() {
        let hostile = "\u{1b}[2J\u{9b}31m\u{7}\rX\u{202e}evil\u{7f}\n\u{1b}]0;title\u{1b}\\";
        let safe = clean(hostile);
        assert!(!safe.chars().any(char::is_control), "{safe:?}");
        assert!(!safe.contains('\u{202e}'));
        assert!(
            safe.starts_with("\\u{1b}[2J\\u{9b}31m\\u{7}\\rX\\u{202e}evil"),
            "{safe}"
        );
    }

    #[test]
    fn json_stays_the_same_json_without_what_a_terminal_would_obey() {
        let hostile = serde_json::json!({ "a": "\u{9b}31m\u{202e}\u{e0041}é\u{1b}" });
        let text = hostile.to_string();
        let safe = escape_json(&text);
        assert!(
            safe.contains("\\u009b31m\\u202e\\udb40\\udc41é\\u001b"),
            "{safe}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            hostile
        );
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["Zoë Müller", "£19.99", "日本語", "→ 200 OK", "🎉"] {
            assert_eq!(clean(text), text);
        }
    }
}

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

/// Controls, separators of lines, annotations, and what Unicode calls default ignorable: characters
/// that show nothing and change what is shown. Of those, variation selectors that say whether a
/// character is an emoji stay.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0d}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{clean, escape_json};

    /// Every character of the categories Cc, Cf, Zl and Zp, as Python's unicodedata has them, but for
    /// the signs of Arabic, Syriac and Kaithi numbers, which are seen.
    const OBEYED_OR_UNSEEN: [(u32, u32); 17] = [
        (0x0, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x61c, 0x61c),
        (0x180e, 0x180e),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x2064),
        (0x2066, 0x206f),
        (0xfeff, 0xfeff),
        (0xfff9, 0xfffb),
        (0x13430, 0x13438),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe007f),
        (0xe0100, 0xe01ef),
    ];

    fn is_obeyed_or_unseen(character: char) -> bool {
        let within = |range: &(u32, u32)| (range.0..=range.1).contains(&u32::from(character));
        OBEYED_OR_UNSEEN.iter().any(within)
    }

    #[test]
    fn no_character_that_is_obeyed_or_unseen_is_left_as_it_is() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let safe = clean(&text);
            if is_obeyed_or_unseen(character) {
                assert!(
                    safe.starts_with('\\') && safe.is_ascii(),
                    "{character:?}: {safe}"
                );
            } else if character.is_alphanumeric() && character != '\u{3164}' {
                let filler = matches!(character, '\u{115f}'..='\u{1160}' | '\u{ffa0}');
                assert!(filler || safe == text, "{character:?}: {safe}");
            }
        }
    }

    #[test]
    fn any_text_is_cleaned_piece_by_piece_and_its_json_stays_the_same() {
        let mut random = fastrand::Rng::with_seed(20_260_519);
        for _ in 0..20_000 {
            // Half of them from where the trouble is.
            let length = random.usize(0..12);
            let mut characters = || match random.bool() {
                true => {
                    let (from, to) = random.choice(OBEYED_OR_UNSEEN).unwrap();
                    char::from_u32(random.u32(from..=to)).unwrap()
                }
                false => random.char('\0'..),
            };
            let text: String = (0..length).map(|_| characters()).collect();
            let safe = clean(&text);
            assert!(!safe.chars().any(is_obeyed_or_unseen), "{text:?}: {safe}");
            let (one, two) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
            assert_eq!(safe, format!("{}{}", clean(one), clean(two)));
            let json = serde_json::to_string(&text).unwrap();
            let escaped = escape_json(&json);
            assert!(!escaped.chars().any(is_obeyed_or_unseen), "{text:?}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }

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
        for text in [
            "Zoë Müller",
            "£19.99",
            "日本語",
            "→ 200 OK",
            "🎉",
            "❤\u{fe0f}",
        ] {
            assert_eq!(clean(text), text);
        }
    }
}

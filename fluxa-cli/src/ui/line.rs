//! Owns one line of human output: pieces of text, each cleaned as it is added, each with a tone.
//!
//! There is no way to add a piece uncleaned, so that nothing from outside reaches a terminal raw.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::clean::clean;

/// What a piece of text means. Colour only repeats what the words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Dim,
    Bold,
    Good,
    Bad,
    Warn,
    Accent,
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Dim => Style::new().dimmed(),
            Self::Bold => Style::new().bold(),
            Self::Good => colour(AnsiColor::Green),
            Self::Bad => colour(AnsiColor::Red).bold(),
            Self::Warn => colour(AnsiColor::Yellow),
            Self::Accent => colour(AnsiColor::Cyan),
        }
    }
}

/// A line being put together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pieces: Vec<(Tone, String)>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a piece.
    #[must_use]
    pub(crate) fn push(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.pieces.push((tone, clean(text.as_ref()).into_owned()));
        self
    }

    /// Adds a piece, filled up with blanks to `width` columns.
    #[must_use]
    pub(crate) fn column(self, tone: Tone, text: impl AsRef<str>, width: usize) -> Self {
        let text = clean(text.as_ref()).into_owned();
        let padding = " ".repeat(width.saturating_sub(text.width()));
        self.push(tone, text).push(Tone::Plain, padding)
    }

    #[must_use]
    pub(crate) fn text(self, text: impl AsRef<str>) -> Self {
        self.push(Tone::Plain, text)
    }

    #[must_use]
    pub(crate) fn dim(self, text: impl AsRef<str>) -> Self {
        self.push(Tone::Dim, text)
    }

    #[must_use]
    pub(crate) fn bold(self, text: impl AsRef<str>) -> Self {
        self.push(Tone::Bold, text)
    }

    /// Returns the line, with colours or without, and without the line's end.
    pub(crate) fn render(&self, colour: bool) -> String {
        let mut rendered = String::new();
        for (tone, text) in &self.pieces {
            if !colour || *tone == Tone::Plain || text.trim().is_empty() {
                rendered.push_str(text);
            } else {
                let style = tone.style();
                // Writing to a String cannot fail.
                let _ = write!(rendered, "{style}{text}{style:#}");
            }
        }
        rendered.truncate(rendered.trim_end_matches(' ').len());
        rendered
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Tone};

    #[test]
    fn a_line_is_plain_without_colour_and_cleaned_with_it() {
        let line = Line::new().push(Tone::Good, "ok\u{1b}[0m").dim(" x");
        assert_eq!(line.render(false), "ok\\u{1b}[0m x");
        let coloured = line.render(true);
        assert!(
            coloured.starts_with("\u{1b}[32mok\\u{1b}[0m\u{1b}[0m"),
            "{coloured:?}"
        );
    }

    #[test]
    fn columns_are_filled_by_display_width() {
        let line = Line::new().column(Tone::Plain, "日本", 6).text("|");
        assert_eq!(line.render(false), "日本  |");
    }
}

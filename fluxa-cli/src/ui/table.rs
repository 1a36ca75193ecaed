//! Owns plain aligned columns, and what becomes of them where there is no room.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::clean::clean;
use super::line::{Line, Tone};
use super::room;

/// Between two columns.
const GAP: usize = 2;

/// Columns up to this width are never cut: ids, references and times are no use without their end.
const WHOLE: usize = 26;

/// Columns with a heading; every cell is cleaned.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(Tone, String)>>,
    /// As wide as the widest cell so far.
    widths: Vec<usize>,
    layout: Option<Layout>,
}

/// How rows are laid out, from the first that are printed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A line each, below a heading.
    Columns,
    /// A block of lines each, where a line would not fit.
    Blocks,
}

impl Table {
    pub(crate) fn new(headings: impl Into<Vec<&'static str>>) -> Self {
        let headings = headings.into();
        Self {
            widths: headings.iter().map(|heading| heading.width()).collect(),
            headings,
            rows: Vec::new(),
            layout: None,
        }
    }

    /// Adds a row: one cell for each heading.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = (Tone, String)>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|(tone, text)| (tone, clean(&text).into_owned()))
                .collect(),
        );
    }

    /// Returns the heading and the rows, each column as wide as its widest cell.
    ///
    /// On a terminal too narrow for that, wide cells are cut with `…`; where that is not enough, each
    /// row becomes a block of lines. Elsewhere there is always room.
    pub(crate) fn lines(mut self) -> Vec<Line> {
        self.take_lines()
    }

    /// Takes the rows there are so far, under the heading the first time: for a table that is
    /// printed while more of it comes. Later rows may make a column wider.
    pub(crate) fn take_lines(&mut self) -> Vec<Line> {
        self.take_lines_within(room())
    }

    fn take_lines_within(&mut self, room: Option<usize>) -> Vec<Line> {
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for (width, (_, text)) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let (widths, fits) = fitted(&self.widths, room);
        let first = self.layout.is_none();
        match *self.layout.get_or_insert(match fits {
            true => Layout::Columns,
            false => Layout::Blocks,
        }) {
            Layout::Columns => self.columns(&rows, &widths, first),
            Layout::Blocks => self.blocks(&rows, first),
        }
    }

    fn columns(&self, rows: &[Vec<(Tone, String)>], widths: &[usize], first: bool) -> Vec<Line> {
        let mut lines = Vec::with_capacity(rows.len() + 1);
        if first {
            let headings = self.headings.iter().zip(widths);
            lines.push(headings.fold(Line::new(), |line, (heading, width)| {
                line.column(Tone::Dim, heading, width + GAP)
            }));
        }
        lines.extend(rows.iter().map(|row| {
            let cells = row.iter().zip(widths);
            cells.fold(Line::new(), |line, ((tone, text), width)| {
                line.column(*tone, cut(text, *width), width + GAP)
            })
        }));
        lines
    }

    fn blocks(&self, rows: &[Vec<(Tone, String)>], first: bool) -> Vec<Line> {
        let headings = self.headings.iter().map(|heading| heading.width());
        let width = headings.max().unwrap_or_default() + GAP;
        let mut lines = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            if !(first && at == 0) {
                lines.push(Line::new());
            }
            let named = self.headings.iter().zip(row);
            let named = named.filter(|(_, (_, text))| !text.is_empty());
            lines.extend(named.map(|(heading, (tone, text))| {
                Line::new()
                    .column(Tone::Dim, heading, width)
                    .push(*tone, text)
            }));
        }
        lines
    }
}

/// Returns the widths of columns, the widest made narrower as far as they may, and whether they fit.
fn fitted(widths: &[usize], room: Option<usize>) -> (Vec<usize>, bool) {
    let mut widths = widths.to_vec();
    let Some(room) = room else {
        return (widths, true);
    };
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        let widest = widths.iter_mut().filter(|width| **width > WHOLE).max();
        match (over, widest) {
            (0, _) => return (widths, true),
            (_, None) => return (widths, false),
            (over, Some(widest)) => *widest = widest.saturating_sub(over).max(WHOLE),
        }
    }
}

/// Returns the text within a width, its end replaced by `…` when there is more.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut room = width.saturating_sub(1);
    let kept = text.chars().take_while(|character| {
        let fits = character.width().unwrap_or(0) <= room;
        room = room.saturating_sub(character.width().unwrap_or(0));
        fits
    });
    Cow::Owned(kept.chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Table, Tone};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["ID", "NAME"]);
        table.row([
            (Tone::Plain, "key_1".into()),
            (Tone::Plain, "a\u{1b}b".into()),
        ]);
        let lines: Vec<String> = table
            .lines()
            .iter()
            .map(|line| line.render(false))
            .collect();
        assert_eq!(lines, ["ID     NAME", "key_1  a\\u{1b}b"]);
    }

    #[test]
    fn a_table_that_grows_has_one_heading_and_never_narrower_columns() {
        let mut table = Table::new(["ID", "NAME"]);
        let mut page = |id: &str| {
            table.row([(Tone::Plain, id.into()), (Tone::Plain, "x".into())]);
            let lines = table.take_lines();
            lines
                .iter()
                .map(|line| line.render(false))
                .collect::<Vec<_>>()
        };
        assert_eq!(page("key_1"), ["ID     NAME", "key_1  x"]);
        assert_eq!(page("k"), ["k      x"]);
    }

    fn narrow(width: usize) -> Vec<String> {
        let mut table = Table::new(["ID", "", "NAME"]);
        for (marker, name) in [
            ("*", "日本語のとても長い名前のお店です、ようこそ"),
            ("", "Zoë"),
        ] {
            let id = "pay_5f8b2c1e2a4b4d8c".to_owned();
            table.row([id, marker.into(), name.into()].map(|text| (Tone::Plain, text)));
        }
        let lines = table.take_lines_within(Some(width));
        lines.iter().map(|line| line.render(false)).collect()
    }

    #[test]
    fn wide_cells_are_cut_where_there_is_no_room_and_ids_never_are() {
        let lines = narrow(56);
        assert_eq!(
            lines,
            [
                "ID                       NAME",
                "pay_5f8b2c1e2a4b4d8c  *  日本語のとても長い名前のお店で…",
                "pay_5f8b2c1e2a4b4d8c     Zoë",
            ]
        );
        assert!(lines.iter().all(|line| line.width() <= 56), "{lines:?}");
    }

    #[test]
    fn a_row_becomes_a_block_where_not_even_cutting_helps() {
        assert_eq!(
            narrow(40),
            [
                "ID    pay_5f8b2c1e2a4b4d8c",
                "      *",
                "NAME  日本語のとても長い名前のお店です、ようこそ",
                "",
                "ID    pay_5f8b2c1e2a4b4d8c",
                "NAME  Zoë",
            ]
        );
    }
}

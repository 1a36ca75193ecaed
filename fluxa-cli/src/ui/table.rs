//! Owns plain aligned columns.

use unicode_width::UnicodeWidthStr;

use super::clean::clean;
use super::line::{Line, Tone};

/// Columns with a heading; every cell is cleaned.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(Tone, String)>>,
    /// As wide as the widest cell so far.
    widths: Vec<usize>,
    headed: bool,
}

impl Table {
    pub(crate) fn new(headings: impl Into<Vec<&'static str>>) -> Self {
        let headings = headings.into();
        Self {
            widths: headings.iter().map(|heading| heading.width()).collect(),
            headings,
            rows: Vec::new(),
            headed: false,
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
    pub(crate) fn lines(mut self) -> Vec<Line> {
        self.take_lines()
    }

    /// Takes the rows there are so far, under the heading the first time: for a table that is
    /// printed while more of it comes. Later rows may make a column wider.
    pub(crate) fn take_lines(&mut self) -> Vec<Line> {
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for (width, (_, text)) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let mut lines = Vec::with_capacity(rows.len() + 1);
        if !std::mem::replace(&mut self.headed, true) {
            let headings = self.headings.iter().zip(&self.widths);
            lines.push(headings.fold(Line::new(), |line, (heading, width)| {
                line.column(Tone::Dim, heading, width + 2)
            }));
        }
        lines.extend(rows.iter().map(|row| {
            let cells = row.iter().zip(&self.widths);
            cells.fold(Line::new(), |line, ((tone, text), width)| {
                line.column(*tone, text, width + 2)
            })
        }));
        lines
    }
}

#[cfg(test)]
mod tests {
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
}

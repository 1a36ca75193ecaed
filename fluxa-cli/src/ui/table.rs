//! Owns plain aligned columns.

use unicode_width::UnicodeWidthStr;

use super::clean::clean;
use super::line::{Line, Tone};

/// Columns with a heading; every cell is cleaned.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(Tone, String)>>,
}

impl Table {
    pub(crate) fn new(headings: impl Into<Vec<&'static str>>) -> Self {
        Self {
            headings: headings.into(),
            rows: Vec::new(),
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
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut widths: Vec<usize> = self
            .headings
            .iter()
            .map(|heading| heading.width())
            .collect();
        for row in &self.rows {
            for (width, (_, text)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let heading = self
            .headings
            .iter()
            .zip(&widths)
            .fold(Line::new(), |line, (heading, width)| {
                line.column(Tone::Dim, heading, width + 2)
            });
        let rows = self.rows.iter().map(|row| {
            row.iter()
                .zip(&widths)
                .fold(Line::new(), |line, ((tone, text), width)| {
                    line.column(*tone, text, width + 2)
                })
        });
        std::iter::once(heading).chain(rows).collect()
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
}

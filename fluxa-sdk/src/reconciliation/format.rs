//! The shape of a bank's CSV: which column holds what, and how dates are written.
//!
//! Owns [`StatementFormat`] and finding its columns in a header. Reading the lines is `statement`'s.

use crate::money::Currency;

/// Names a column: by its header, in either case, or by its position from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// By the text of its header.
    Named(String),
    /// By its position, the first being 0.
    At(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<usize> for Column {
    fn from(position: usize) -> Self {
        Self::At(position)
    }
}

/// The order of a date's parts. A year of four digits in front is read as such in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateOrder {
    /// `21/05/2026`, `21 May 2026`: what banks in the United Kingdom write.
    #[default]
    DayMonthYear,
    /// `2026-05-21`.
    YearMonthDay,
    /// `05/21/2026`.
    MonthDayYear,
}

/// Where the amount is, and how its direction is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Amounts {
    /// One column; credits are positive, debits negative or marked.
    Signed(Column),
    /// One column, and another that says `CR` or `DR`.
    Directed(Column, Column),
    /// A column for credits and one for debits.
    Split(Column, Column),
}

/// The shape of a bank's CSV statement.
///
/// The default is the documented shape: a header line with `date`, `description` or `reference` (or
/// both), `amount` or `credit` and `debit`, and perhaps `currency`, separated by commas, in any
/// order and either case, further columns left alone.
///
/// ```
/// use fluxa_sdk::reconciliation::StatementFormat;
/// // Three lines about the account, then Date, Type, Narrative, Paid out, Paid in, Balance.
/// let format = StatementFormat::new()
///     .skip_lines(3)
///     .description(["Narrative"])
///     .credit_and_debit("Paid in", "Paid out");
/// ```
#[derive(Clone, Debug)]
pub struct StatementFormat {
    date: Column,
    description: Option<Vec<Column>>,
    amounts: Option<Amounts>,
    currency_column: Option<Column>,
    pub(super) currency: Currency,
    pub(super) date_order: DateOrder,
    pub(super) has_header: bool,
    pub(super) skip_lines: u64,
    pub(super) delimiter: u8,
    pub(super) line_breaks: bool,
}

impl Default for StatementFormat {
    fn default() -> Self {
        Self {
            date: "date".into(),
            description: None,
            amounts: None,
            currency_column: None,
            currency: Currency::GBP,
            date_order: DateOrder::default(),
            has_header: true,
            skip_lines: 0,
            delimiter: b',',
            line_breaks: false,
        }
    }
}

/// The positions of a format's columns in one file.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) date: usize,
    pub(super) description: Vec<usize>,
    pub(super) amount: AmountColumns,
    pub(super) currency: Option<usize>,
}

impl Columns {
    /// Returns how many fields a line must have for its money to be read.
    pub(super) fn needed(&self) -> usize {
        let amount = match self.amount {
            AmountColumns::Signed(position) => position,
            AmountColumns::Directed(a, b) => a.max(b),
            AmountColumns::Split { credit, debit } => credit.max(debit),
        };
        self.date.max(amount).max(self.currency.unwrap_or(0)) + 1
    }
}

/// The positions of the amount's columns.
#[derive(Clone, Copy, Debug)]
pub(super) enum AmountColumns {
    Signed(usize),
    Directed(usize, usize),
    Split { credit: usize, debit: usize },
}

impl StatementFormat {
    /// Returns the documented shape.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the column of the date. Default: `date`.
    #[must_use]
    pub fn date(mut self, column: impl Into<Column>) -> Self {
        self.date = column.into();
        self
    }

    /// Sets the columns whose text the reference is looked for in. Default: those of `description`
    /// and `reference` that there are.
    #[must_use]
    pub fn description<C: Into<Column>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.description = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets one column of amounts: credits positive or `CR`, debits negative, in parentheses or
    /// `DR`. Default: `amount` if there is one, else `credit` and `debit`.
    #[must_use]
    pub fn amount(mut self, column: impl Into<Column>) -> Self {
        self.amounts = Some(Amounts::Signed(column.into()));
        self
    }

    /// Sets a column of amounts and one that says `C`, `CR` or `CREDIT`, or `D`, `DR` or `DEBIT`.
    #[must_use]
    pub fn amount_and_direction(
        mut self,
        amount: impl Into<Column>,
        direction: impl Into<Column>,
    ) -> Self {
        self.amounts = Some(Amounts::Directed(amount.into(), direction.into()));
        self
    }

    /// Sets a column for money in and one for money out; one of them is empty or zero.
    #[must_use]
    pub fn credit_and_debit(mut self, credit: impl Into<Column>, debit: impl Into<Column>) -> Self {
        self.amounts = Some(Amounts::Split(credit.into(), debit.into()));
        self
    }

    /// Sets the column of the currency. Default: `currency` if there is one.
    #[must_use]
    pub fn currency_column(mut self, column: impl Into<Column>) -> Self {
        self.currency_column = Some(column.into());
        self
    }

    /// Sets the currency of lines that do not say theirs. Default: pounds.
    #[must_use]
    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = currency;
        self
    }

    /// Sets the order of a date's parts. Default: day, month, year.
    #[must_use]
    pub fn date_order(mut self, order: DateOrder) -> Self {
        self.date_order = order;
        self
    }

    /// Says that no line names the columns: all are given by position, with
    /// [`date`](Self::date), [`description`](Self::description) and one for the amount.
    ///
    /// The first line then says how many fields there are.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Leaves out this many lines in front of the header. Default: 0.
    #[must_use]
    pub fn skip_lines(mut self, lines: u64) -> Self {
        self.skip_lines = lines;
        self
    }

    /// Accepts fields in quotes that go over several lines. Default: they are refused.
    ///
    /// For a bank that writes such descriptions. Without it a pair of stray quotes is noticed; with
    /// it they make one line of all that is between them, credits included.
    #[must_use]
    pub fn quoted_line_breaks(mut self) -> Self {
        self.line_breaks = true;
        self
    }

    /// Sets what separates the fields, such as `b';'` or a tab. Default: a comma.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Finds the columns by the header's names; none are given for a file without one.
    pub(super) fn columns(&self, header: Option<&[String]>) -> Result<Columns, String> {
        let find = |column: &Column| find(column, header);
        let exists = |name: &str| header.is_some_and(|names| names.iter().any(|n| is(n, name)));
        let given = |names: &[&str]| -> Vec<Column> {
            let there = names.iter().filter(|name| exists(name));
            there.map(|name| Column::from(*name)).collect()
        };
        let description = match &self.description {
            Some(columns) => columns.clone(),
            None => given(&["description", "reference"]),
        };
        if description.is_empty() {
            return Err(missing("description", header));
        }
        let amounts = match &self.amounts {
            Some(amounts) => amounts.clone(),
            None if exists("credit") && exists("debit") && !exists("amount") => {
                Amounts::Split("credit".into(), "debit".into())
            }
            None => Amounts::Signed("amount".into()),
        };
        let currency = match &self.currency_column {
            Some(column) => Some(column.clone()),
            None => given(&["currency"]).pop(),
        };
        Ok(Columns {
            date: find(&self.date)?,
            description: description.iter().map(find).collect::<Result<_, _>>()?,
            amount: match &amounts {
                Amounts::Signed(amount) => AmountColumns::Signed(find(amount)?),
                Amounts::Directed(amount, direction) => {
                    AmountColumns::Directed(find(amount)?, find(direction)?)
                }
                Amounts::Split(credit, debit) => AmountColumns::Split {
                    credit: find(credit)?,
                    debit: find(debit)?,
                },
            },
            currency: currency.as_ref().map(find).transpose()?,
        })
    }
}

fn is(header: &str, name: &str) -> bool {
    header.trim().to_lowercase() == name.trim().to_lowercase()
}

fn find(column: &Column, header: Option<&[String]>) -> Result<usize, String> {
    let name = match (column, header) {
        (Column::At(position), _) => return Ok(*position),
        (Column::Named(name), None) => {
            return Err(format!(
                "the column `{name}` is named, but the format has no header; give its position"
            ));
        }
        (Column::Named(name), Some(_)) => name,
    };
    let names = header.unwrap_or_default();
    let mut found = (0..names.len()).filter(|position| is(&names[*position], name));
    match (found.next(), found.next()) {
        (Some(position), None) => Ok(position),
        (Some(_), Some(_)) => Err(format!(
            "two columns are called `{name}`; give the position of the one meant"
        )),
        (None, _) => Err(missing(name, header)),
    }
}

/// Says what is there instead: a few names, cut short, without what would upset a terminal.
fn missing(name: &str, header: Option<&[String]>) -> String {
    let Some(header) = header else {
        return format!("the format has no header and no position of the column `{name}`; give it");
    };
    let shown = |text: &String| -> String {
        let kept = text.chars().filter(|c| !c.is_control());
        kept.take(24).collect()
    };
    let names: Vec<String> = header.iter().take(12).map(shown).collect();
    format!(
        "no column `{name}`; the header says: {}. Let the format name the columns, or skip the lines \
         in front of the header",
        names.join(" | ")
    )
}

//! Reading bank statements: the shapes of banks, faults by their line, and hostile files.

use std::io::{self, Read};

use fluxa_sdk::reconciliation::{
    BatchStatus, DateOrder, Reconciliation, ReconciliationError, Report, StatementFormat,
};
use fluxa_sdk::{Currency, Money};

use crate::reconciliation::{A, B, Chance, only};

fn read(csv: &[u8], format: &StatementFormat) -> Result<Report, ReconciliationError> {
    let mut reconciliation = Reconciliation::new();
    reconciliation.add(A, Money::gbp(423_745)).unwrap();
    let result = reconciliation.statement(csv, format);
    if result.is_err() {
        let report = reconciliation.report();
        let untouched = (report.statements, report.other_lines, report.unclear.len());
        assert_eq!(
            untouched,
            (0, 0, 0),
            "a statement is taken whole or not at all"
        );
        assert_eq!(only(&report).status, BatchStatus::Missing);
    }
    result.map(|()| reconciliation.report())
}

#[test]
fn the_shapes_of_banks_are_read() {
    let a = A;
    let cases: [(String, StatementFormat); 9] = [
        // A mark, CRLF, quotes, blank lines, a balance and totals.
        (
            format!(
                "\u{feff}DATE , Description,Type,AMOUNT,Balance\r\n\r\n\
                 20/05/2026,\"Smith, John \"\"JJ\"\"\",FPO,-10.00,1.00\r\n\
                 \"21/05/2026\",\"{a} BACS\r\nSettlement, 7 transactions\",BAC,\"£4,237.45\",2.00\r\n\
                 \r\n,,,,\r\nClosing balance,,,\"1,000.00\"\r\n"
            ),
            StatementFormat::new().quoted_line_breaks(),
        ),
        (
            format!("date,credit,debit,reference\n2026-05-21,4237.45,,{a}\n"),
            StatementFormat::new(),
        ),
        (
            format!(
                "Account,12345678\nFrom \"01/05/2026\nto 31/05/2026\n\
                 Date,Narrative,Paid out,Paid in\n21 May 2026,{a},0.00,\"4,237.45\"\n"
            ),
            StatementFormat::new()
                .skip_lines(3)
                .description(["Narrative"])
                .credit_and_debit("Paid in", "Paid out"),
        ),
        (
            format!("x;4237.45;CR;{a};2026-05-21"),
            StatementFormat::new()
                .without_header()
                .delimiter(b';')
                .date(4)
                .description([0, 3])
                .amount_and_direction(1, 2)
                .date_order(DateOrder::YearMonthDay),
        ),
        (
            format!("date\tdescription\tamount\n05/21/2026\t{a}\t4237.45\n"),
            StatementFormat::new()
                .delimiter(b'\t')
                .date_order(DateOrder::MonthDayYear),
        ),
        // The last column of a line may be missing; lines may end as on an old Mac.
        (
            format!("date,amount,description,notes\r21/05/2026,4237.45,{a}\r"),
            StatementFormat::new(),
        ),
        (
            format!("date,amount,description,currency\n21/05/2026,4237.45,{a},\n"),
            StatementFormat::new().currency(Currency::GBP),
        ),
        (
            format!("date,amount,description,reference\n21/05/2026,4237.45,Fluxa {a},{a}\n"),
            StatementFormat::new(),
        ),
        (
            format!("date,amount,description\n21/05/2026,4237.45,=cmd|' /C calc'!A0 {a}\u{0}\n"),
            StatementFormat::new(),
        ),
    ];
    for (csv, format) in cases {
        let report = read(csv.as_bytes(), &format).unwrap();
        assert!(report.is_clean(), "{csv:?}: {report}");
    }
    // Latin-1, in which 0xA3 is the pound.
    let mut latin = format!("date,description,amount\n21/05/2026,{a} \u{fffd}").into_bytes();
    latin.extend(b"caf\xe9,\xa34237.45\n");
    assert!(read(&latin, &StatementFormat::new()).unwrap().is_clean());
}

#[test]
fn a_line_that_cannot_be_read_is_named_by_its_number() {
    let head = "date,description,amount\r\n\r\n20/05/2026,\"two\r\nlines\",1.00\r\n";
    let format = StatementFormat::new().quoted_line_breaks();
    for (line, word) in [
        (format!("21/05/2026,{A},\"4,23\""), "comma"),
        (format!("21/05/2026,{A},1e5"), "no amount"),
        (format!("21/05/2026,{A},4237.455"), "decimals"),
        (format!("21/05/2026,{A},92233720368547758.08"), "larger"),
        (format!("21/05/2026,{A},"), "no amount"),
        (format!("21/05/2026,{A}"), "has 2 fields and the header 3"),
        (
            format!("21/05/2026,{A},4,237.45"),
            "has 4 fields and the header 3",
        ),
        (
            format!("21/05/2026,a, b,{A},4237.45"),
            "has 5 fields and the header 3",
        ),
        (format!("{A},4237.45"), "has 2 fields and the header 3"),
        (format!("21/05/2026,{A},$4237.45"), "another currency"),
        (format!("21/05/2026,{A},€42.37"), "another currency"),
        (format!("05/21/2026,{A},4237.45"), "date"),
        (format!(",{A},4237.45"), "date"),
        (
            format!("21/05/2026,\"{A},4237.45\r\n22/05/2026,{B},1.00"),
            "never closed",
        ),
    ] {
        for ends in ["\r\n", "\n", "\r"] {
            let csv = format!("{head}{line}\r\n").replace("\r\n", ends);
            let error = read(csv.as_bytes(), &format).unwrap_err();
            let ReconciliationError::Statement(fault) = &error else {
                panic!("{error:?}")
            };
            assert_eq!(fault.line(), 5, "{line:?}: {error}");
            assert!(error.to_string().starts_with("line 5"), "{error}");
            assert!(error.to_string().contains(word), "{line:?}: {error}");
            assert!(
                !error.to_string().contains("423"),
                "no text of the statement: {error}"
            );
        }
    }
    let skipped = format!(
        "one\ntwo\n{}",
        "date,description,amount\n21/05/2026,STL-2026-05-21-FX-04812,x\n"
    );
    let error = read(skipped.as_bytes(), &StatementFormat::new().skip_lines(2)).unwrap_err();
    assert!(error.to_string().starts_with("line 4"), "{error}");
}

#[test]
fn a_pair_of_stray_quotes_does_not_hide_the_credits_between_them() {
    let csv = format!(
        "date,description,amount\n20/05/2026,\"ACME,5.00\n21/05/2026,{A},1.00\n\
         22/05/2026,\"BOB\",4237.45\n"
    );
    let error = read(csv.as_bytes(), &StatementFormat::new()).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("line 2 of the statement"), "{error}");
    assert!(error.contains("quoted line breaks"), "{error}");
}

#[test]
fn a_thousands_comma_without_quotes_is_never_read_as_less() {
    // Without a header the first line says how many fields there are.
    let csv = format!("20/05/2026,Bob,900.00,\n21/05/2026,{A},4,237.45,\n");
    let format = StatementFormat::new().without_header();
    let format = format.date(0).description([1]).amount(2);
    let error = read(csv.as_bytes(), &format).unwrap_err().to_string();
    assert!(
        error.starts_with("line 2 of the statement: this line has 5 fields and the first line 4"),
        "{error}"
    );
    // Other people's lines may be as they like.
    let csv = format!(
        "date,description,amount\n20/05/2026,Smith, John,1,000.00\n21/05/2026,{A},4237.45\n"
    );
    let report = read(csv.as_bytes(), &StatementFormat::new()).unwrap();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn however_many_lines_are_skipped_the_statement_is_empty_and_not_a_panic() {
    for lines in [3, u64::MAX - 1, u64::MAX] {
        let format = StatementFormat::new().skip_lines(lines);
        let error = read(b"date,description,amount\n", &format).unwrap_err();
        assert!(error.to_string().contains("empty"), "{error}");
    }
}

#[test]
fn columns_that_are_not_there_are_named_with_those_that_are() {
    let format = StatementFormat::new();
    let about_columns = |error: &ReconciliationError| match error {
        ReconciliationError::Statement(fault) => fault.is_about_columns(),
        _ => false,
    };
    for (csv, word) in [
        ("", "empty"),
        ("\n\n", "empty"),
        (
            "when,description,amount\n",
            "no column `date`; the header says: when |",
        ),
        ("date,text,amount\n", "no column `description`"),
        ("date,description,credit\n", "no column `amount`"),
        ("date,date,description,amount\n", "two columns"),
        ("d\u{0}a\u{0}t\u{0}e\u{0}", "UTF-16"),
        ("\u{1b}[31mdate\n", "[31mdate"),
    ] {
        let error = read(csv.as_bytes(), &format).unwrap_err();
        let is_unreadable = ["empty", "UTF-16"].contains(&word);
        assert_eq!(about_columns(&error), !is_unreadable, "{csv:?}: {error}");
        let error = error.to_string();
        assert!(error.contains(word), "{csv:?}: {error}");
        assert!(
            !error.contains('\u{1b}'),
            "no control character reaches a terminal"
        );
    }
    let error = read(b"1,2,3\n", &StatementFormat::new().without_header()).unwrap_err();
    assert!(error.to_string().contains("position"), "{error}");
    assert!(about_columns(&error));
    let line = format!("date,description,amount\n21/05/2026,{A},x\n");
    let error = read(line.as_bytes(), &format).unwrap_err();
    assert!(!about_columns(&error), "{error}");
}

/// 100 MB without an end of line, and how much of it was asked for.
struct Endless(u64, &'static [u8]);

impl Read for &mut Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = buffer
            .len()
            .min(usize::try_from(100_000_000 - self.0).unwrap());
        for (position, byte) in buffer[..read].iter_mut().enumerate() {
            *byte = self.1[(self.0 as usize + position) % self.1.len()];
        }
        self.0 += read as u64;
        Ok(read)
    }
}

#[test]
fn a_file_of_one_line_is_given_up_early() {
    // One long field, one in quotes, one of line ends, nothing but line ends, fields without end.
    for (start, pattern) in [
        (&b"date,description,amount\n"[..], &b"x"[..]),
        (b"date,description,amount\n,\"", b"x"),
        (b"date,description,amount\n,\"", b"\n"),
        (b"date,description,amount\n", b"\n"),
        (b"", b","),
    ] {
        let mut endless = Endless(0, pattern);
        let mut reconciliation = Reconciliation::new();
        let csv = start.chain(&mut endless);
        let error = reconciliation
            .statement(csv, &StatementFormat::new())
            .unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");
        assert!(endless.0 < 1_000_000, "{} bytes were read", endless.0);
    }
}

#[test]
fn a_reader_that_fails_leaves_nothing_half_taken() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let mut reconciliation = Reconciliation::new();
    let csv = format!("date,description,amount\n21/05/2026,{A},1.00\n");
    let error = reconciliation.statement(csv.as_bytes().chain(Failing), &StatementFormat::new());
    assert!(matches!(error, Err(ReconciliationError::Read(_))));
    assert!(reconciliation.report().batches.is_empty());
    // The statement may be given again.
    reconciliation
        .statement(csv.as_bytes(), &StatementFormat::new())
        .unwrap();
    assert_eq!(only(&reconciliation.report()).line_count, 1);
}

#[test]
fn a_sum_of_lines_that_does_not_fit_refuses_the_statement() {
    let line = format!("21/05/2026,{A},92233720368547758.07\n");
    let csv = format!("date,description,amount\n{line}{line}");
    let error = read(csv.as_bytes(), &StatementFormat::new()).unwrap_err();
    assert!(
        matches!(error, ReconciliationError::Refused(_)),
        "{error:?}"
    );
}

#[test]
fn no_bytes_make_it_panic() {
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let good =
        format!("date,description,amount\n21/05/2026,\"{A} x\",\"£4,237.45 CR\"\n").into_bytes();
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..=chance.below(6) {
            let position = chance.below(bytes.len() as u64) as usize;
            bytes[position] = chance.below(256) as u8;
        }
        // An error or a report; what is matched is matched to the penny.
        if let Ok(report) = read(&bytes, &StatementFormat::new()) {
            let batch = report.with_status(BatchStatus::Matched).next();
            assert!(batch.is_none_or(|batch| batch.received == Some(Money::gbp(423_745))));
        }
    }
}

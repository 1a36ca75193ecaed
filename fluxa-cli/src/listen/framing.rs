//! Owns cutting the bytes of a stream of server-sent events into whole messages.
//!
//! Whatever a server or a proxy sends, no more than one message is held, and none that is not
//! text gets further. Knows nothing of what is in a message.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};

use super::source::ByteStream;

/// The longest message, and the longest comment; an event is at most a third of it.
const LONGEST: usize = 2 * 1024 * 1024;

/// The names of fields; lines of any other mean nothing.
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a stream brings no more messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection broke or ended.
    Lost(String),
    /// It did before it had brought what a stream of events brings.
    Empty(String),
    /// No line ended for too long.
    Silent,
    /// Nothing of a stream of events came since it was opened.
    Mute,
    /// What came is no stream of events.
    Spoiled(String),
}

/// Cuts bytes into messages: their lines with line feeds, without comments, and an empty line.
#[derive(Debug, Default)]
struct Framing {
    /// The message so far, whole lines and the one that is not whole yet.
    message: Vec<u8>,
    /// Where the line that is not whole yet starts.
    line: usize,
    /// How long the comment is that is being passed over.
    comment: Option<usize>,
    /// Whether the last line ended in a carriage return, which a line feed may complete.
    after_return: bool,
    /// How many lines ended.
    lines: u64,
    /// Whether one of them was a line of server-sent events; a page of HTML has none.
    is_of_events: bool,
}

impl Framing {
    /// Takes bytes as they come, and puts whole messages into `whole`.
    fn take(&mut self, mut bytes: &[u8], whole: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.extend(part)?;
            bytes = rest;
            if let Some((&ending, rest)) = rest.split_first() {
                self.after_return = ending == b'\r';
                self.end_line(whole)?;
                bytes = rest;
            }
        }
        Ok(())
    }

    fn extend(&mut self, part: &[u8]) -> Result<(), Fault> {
        let starts = self.message.len() == self.line;
        if self.comment.is_none() && starts && part.first() == Some(&b':') {
            self.comment = Some(0);
        }
        let length = match &mut self.comment {
            Some(passed_over) => {
                *passed_over += part.len();
                *passed_over
            }
            None => {
                self.message.extend_from_slice(part);
                self.message.len()
            }
        };
        match length > LONGEST {
            true => Err(Fault::Spoiled("it sends lines without an end".to_owned())),
            false => Ok(()),
        }
    }

    fn end_line(&mut self, whole: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        self.lines += 1;
        if self.comment.take().is_some() {
            self.is_of_events = true;
            return Ok(());
        }
        // What parses this stumbles over the mark, which may stand at the start of a stream.
        while self.line == 0 && self.message.starts_with(MARK) {
            self.message.drain(..MARK.len());
            if self.message.first() == Some(&b':') {
                self.message.clear();
                self.is_of_events = true;
                return Ok(());
            }
        }
        let line = &self.message[self.line..];
        let is_empty = line.is_empty();
        let name = line.split(|&byte| byte == b':').next();
        self.is_of_events |= name.is_some_and(|name| FIELDS.contains(&name));
        self.message.push(b'\n');
        self.line = self.message.len();
        if !is_empty {
            return Ok(());
        }
        self.line = 0;
        let message = std::mem::take(&mut self.message);
        if std::str::from_utf8(&message).is_err() {
            return Err(Fault::Spoiled("it sends what is no text".to_owned()));
        }
        if message.len() > 1 {
            whole.push_back(message.into());
        }
        Ok(())
    }
}

/// What is between two messages.
struct State {
    stream: ByteStream,
    framing: Framing,
    whole: VecDeque<Bytes>,
    /// What to say once `whole` is empty.
    fault: Option<Fault>,
}

/// Returns the messages of a stream, and why there are no more. `silence` is how long no line may
/// end: a line that died without a word looks like one on which nothing happens, but for the
/// comments that should come.
pub(super) fn messages(
    stream: ByteStream,
    silence: Duration,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send + Unpin {
    let state = State {
        stream,
        framing: Framing::default(),
        whole: VecDeque::new(),
        fault: None,
    };
    Box::pin(futures_util::stream::unfold(
        Some(state),
        move |state| async move {
            let mut state = state?;
            match state.next(silence).await {
                Ok(message) => Some((Ok(message), Some(state))),
                Err(fault) => Some((Err(fault), None)),
            }
        },
    ))
}

impl State {
    async fn next(&mut self, silence: Duration) -> Result<Bytes, Fault> {
        let mut lines = self.framing.lines;
        let mut deadline = tokio::time::Instant::now() + silence;
        loop {
            if let Some(message) = self.whole.pop_front() {
                return Ok(message);
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            let bytes = match tokio::time::timeout_at(deadline, self.stream.next()).await {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(Some(Err(reason))) => return Err(self.ended(reason)),
                Ok(None) => return Err(self.ended("the server closed the stream".to_owned())),
                Err(_) if self.framing.is_of_events => return Err(Fault::Silent),
                Err(_) => return Err(Fault::Mute),
            };
            // What was whole before the fault is still good.
            self.fault = self.framing.take(&bytes, &mut self.whole).err();
            if self.framing.lines > lines {
                lines = self.framing.lines;
                deadline = tokio::time::Instant::now() + silence;
            }
        }
    }

    fn ended(&self, reason: String) -> Fault {
        match self.framing.is_of_events {
            true => Fault::Lost(reason),
            false => Fault::Empty(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(chunks: &[&[u8]]) -> (Vec<String>, Option<Fault>) {
        let (mut framing, mut whole) = (Framing::default(), VecDeque::new());
        let fault = chunks
            .iter()
            .find_map(|chunk| framing.take(chunk, &mut whole).err());
        let text = |message: Bytes| String::from_utf8(message.to_vec()).unwrap();
        (whole.into_iter().map(text).collect(), fault)
    }

    #[test]
    fn lines_may_end_in_any_way_and_be_cut_anywhere() {
        let expected = ["id: 1\ndata: a\n\n", "data: b\n\n"];
        for text in [
            "id: 1\ndata: a\n\ndata: b\n\n",
            "id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n",
            "id: 1\rdata: a\r\rdata: b\r\r",
            "id: 1\r\ndata: a\n\r\n: comment\rdata: b\r\n\n",
            "\n\n: c\n\n:\r\rid: 1\n: within\ndata: a\n\n\ndata: b\n\n",
        ] {
            let bytes = text.as_bytes();
            assert_eq!(
                framed(&[bytes]),
                (expected.map(str::to_owned).to_vec(), None),
                "{text:?}"
            );
            for cut in 0..bytes.len() {
                let (one, two) = bytes.split_at(cut);
                assert_eq!(framed(&[one, two]).0, expected, "{text:?} cut at {cut}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(framed(&single).0, expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn byte_order_marks_are_passed_over_wherever_a_message_starts() {
        for text in [
            "\u{feff}data: a\n\n",
            "\u{feff}: comment\n\ndata: a\n\n",
            "\n\u{feff}\u{feff}data: a\n\n",
            "\u{feff}\n\u{feff}data: a\n\n",
        ] {
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            let expected = (vec!["data: a\n\n".to_owned()], None);
            assert_eq!(framed(&single), expected, "{text:?}");
        }
    }

    #[tokio::test]
    async fn no_bytes_make_what_parses_the_messages_panic() {
        use eventsource_stream::Eventsource;
        const PARTS: [&[u8]; 14] = [
            b"\n",
            b"\r",
            b"\n\n",
            b":",
            b" ",
            b"data",
            b"data: ",
            b"id",
            b"id:",
            b"retry: 9",
            b"\xef\xbb\xbf",
            b"\xc2",
            b"\xa3",
            b"\0",
        ];
        let mut random: u64 = 7;
        for _ in 0..3_000 {
            let pieces: Vec<std::result::Result<Bytes, String>> = (0..24)
                .map(|_| {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let part = (random >> 33) as usize % PARTS.len();
                    Ok(Bytes::from_static(PARTS[part]))
                })
                .collect();
            let stream = futures_util::stream::iter(pieces).boxed();
            let read = messages(stream, Duration::from_secs(1)).eventsource();
            // It ends, one way or the other: the bytes do.
            assert!(read.count().await <= 24);
        }
    }

    #[tokio::test]
    async fn what_a_stream_has_brought_when_it_ends_is_told_from_nothing() {
        for (text, brought) in [
            ("", false),
            ("<html>\n<body id: x>\n\nlog in: here\n</html>\n", false),
            ("{\"data\": []}\n", false),
            (": conn", false),
            (": connected\n", true),
            ("\u{feff}: connected\r", true),
            ("\n\u{feff}retry: 3\n", true),
            ("data\n", true),
            ("id: evt_1\n", true),
            ("identity: 1\ndatabase\n", false),
        ] {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let stream = futures_util::stream::iter([Ok(bytes)]).boxed();
            let last = messages(stream, Duration::from_secs(1)).collect::<Vec<_>>();
            let last = last.await.pop();
            let fault = match brought {
                true => Fault::Lost("the server closed the stream".to_owned()),
                false => Fault::Empty("the server closed the stream".to_owned()),
            };
            assert_eq!(last, Some(Err(fault)), "{text:?}");
        }
    }

    #[test]
    fn a_letter_cut_in_two_is_whole_again() {
        let text = "data: £\n\n".as_bytes();
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(framed(&[one, two]), (vec!["data: £\n\n".to_owned()], None));
        }
    }

    #[test]
    fn what_is_no_text_is_a_fault_and_what_came_before_it_is_not() {
        let (whole, fault) = framed(&[b"data: a\n\ndata: \xff\n\ndata: b\n\n"]);
        assert_eq!(whole, ["data: a\n\n"]);
        assert!(matches!(fault, Some(Fault::Spoiled(_))));
    }

    #[test]
    fn no_more_is_held_than_the_longest_message() {
        let chunk = [b'x'; 65_536];
        for start in [&b"data: "[..], b": ", b"id: "] {
            let (mut framing, mut whole) = (Framing::default(), VecDeque::new());
            framing.take(start, &mut whole).unwrap();
            let taken = (0..2_000).take_while(|_| framing.take(&chunk, &mut whole).is_ok());
            assert!(taken.count() <= LONGEST / chunk.len());
            assert!(framing.message.capacity() <= 2 * LONGEST + chunk.len());
        }
        // Many short lines make a long message too.
        let (mut framing, mut whole) = (Framing::default(), VecDeque::new());
        let fault = (0..).find_map(|_| framing.take(b"data: x\n", &mut whole).err());
        assert!(matches!(fault, Some(Fault::Spoiled(_))));
    }
}

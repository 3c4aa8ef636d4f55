//! Finds quotes that are not closed. What follows such a quote would be read as text of its cell: rows would vanish, and nothing would say so.

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the quote that opens a cell in line {line} is never closed, or something stands between the closing quote and the end of the cell; write a \
     quote within quotes twice"
)]
pub(crate) struct QuoteError {
    /// Counted from 1, with the header.
    pub line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Plain,
    /// Within quotes that were opened in this line.
    Quoted(u64),
    /// Behind a quote within quotes: it closes them, or the next one makes a quote of both.
    Closing(u64),
    /// Behind blanks that follow the closing quote.
    Closed(u64),
}

/// Reads a file piece by piece, beginning where a row begins.
pub(super) struct QuoteCheck {
    delimiter: u8,
    place: Place,
    line: u64,
    after_return: bool,
}

impl QuoteCheck {
    /// Begins at the start of this line.
    pub fn new(delimiter: u8, line: u64) -> Self {
        Self {
            delimiter,
            place: Place::CellStart,
            line,
            after_return: false,
        }
    }

    pub fn scan(&mut self, piece: &[u8]) -> Result<(), QuoteError> {
        for &byte in piece {
            let ends_cell = byte == self.delimiter || byte == b'\n' || byte == b'\r';
            self.place = match self.place {
                Place::Quoted(line) if byte == b'"' => Place::Closing(line),
                Place::Quoted(line) => Place::Quoted(line),
                Place::Closing(line) if byte == b'"' => Place::Quoted(line),
                _ if ends_cell => Place::CellStart,
                Place::CellStart if byte == b'"' => Place::Quoted(self.line),
                Place::CellStart | Place::Plain => Place::Plain,
                Place::Closing(line) | Place::Closed(line) if byte == b' ' || byte == b'\t' => Place::Closed(line),
                Place::Closing(line) | Place::Closed(line) => return Err(QuoteError { line }),
            };
            self.line += u64::from(byte == b'\r' || (byte == b'\n' && !self.after_return));
            self.after_return = byte == b'\r';
        }
        Ok(())
    }

    /// Ends the file.
    pub fn end(&self) -> Result<(), QuoteError> {
        match self.place {
            Place::Quoted(line) => Err(QuoteError { line }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), u64> {
        // However it is cut.
        let mut found = Vec::new();
        for size in [1, 2, 3, 1_000] {
            let mut quotes = QuoteCheck::new(b',', 2);
            let scanned = text.as_bytes().chunks(size).try_for_each(|piece| quotes.scan(piece));
            found.push(scanned.and_then(|()| quotes.end()).map_err(|error| error.line));
        }
        assert!(found.iter().all(|it| *it == found[0]), "{text:?}: {found:?}");
        found[0]
    }

    #[test]
    fn quotes_that_are_closed_pass() {
        for text in [
            "",
            "a,b\n",
            "\"a\",\"b\"\r\n\"c\"",
            "\"a\nb\",c\n",
            "\"say \"\"hi\"\"\",\"\"\n",
            "5\" pipe,a\"b\"c\n",
            "\"a\" ,\"b\"\t\n",
            "\"\"\"\"\n",
        ] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn one_that_is_not_closed_is_found_with_its_line() {
        for (text, line) in [
            ("a,\"Joe\nb,c\n", 2),
            ("a,b\r\nc,\"d\r\ne,f", 3),
            ("a\rb\r\"c", 4),
            ("\"Ann\",1\n\"Joe,2\n\"Ben\",3\n", 3),
            ("\"a\"b,c\n", 2),
            ("\"a\" b,c\n", 2),
            ("x,\"open", 2),
        ] {
            assert_eq!(check(text), Err(line), "{text:?}");
        }
    }
}

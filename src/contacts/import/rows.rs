//! Reads the rows of a CSV file piece by piece.

use csv_core::ReadRecordResult;

use super::encoding::TextEncoding;

/// Longest row in bytes. A quote that is never closed makes one row of the rest of the file.
pub(crate) const MAX_ROW_BYTES: usize = 1_048_576;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CsvFormat {
    pub encoding: TextEncoding,
    pub delimiter: u8,
}

/// The cells of a row as bytes: UTF-8 if the file is in UTF-16, else in its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawRow {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Where in the file the row ends, in bytes: a reader may begin there.
    pub ends_at: u64,
}

impl RawRow {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn cell(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        self.bytes.get(begin..end)
    }

    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|at| self.cell(at))
    }

    /// Returns whether every cell is blank, as of rows that spreadsheets leave at the end.
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row is longer than {MAX_ROW_BYTES} bytes; is a quote not closed?")]
pub(crate) struct RowTooLong;

/// Reads rows from pieces of a file as they come, beginning anywhere where a row begins. Line ends are `\n`, `\r\n` or `\r`; blank lines are
/// no rows.
pub(crate) struct RowReader {
    csv: csv_core::Reader,
    transcoder: Option<encoding_rs::Decoder>,
    /// What was pushed and not yet read, from `at` on; UTF-8 if there is a transcoder.
    pushed: Vec<u8>,
    at: usize,
    ended: bool,
    /// Where in the file `at` is.
    offset: u64,
    /// Where in the file what was pushed ends. In UTF-16 half a character may stand there, which is read as a whole one.
    received: u64,
    row: Vec<u8>,
    length: usize,
    ends: Vec<usize>,
    cells: usize,
}

impl RowReader {
    /// Creates a reader of what follows this byte of the file.
    pub fn new(format: CsvFormat, offset: u64) -> Self {
        Self {
            csv: csv_core::ReaderBuilder::new().delimiter(format.delimiter).build(),
            transcoder: format.encoding.transcoder(),
            pushed: Vec::new(),
            at: 0,
            ended: false,
            offset,
            received: offset,
            row: vec![0; 1_024],
            length: 0,
            ends: vec![0; 64],
            cells: 0,
        }
    }

    /// Adds the next piece of the file.
    pub fn push(&mut self, piece: &[u8]) {
        self.pushed.drain(..self.at);
        self.at = 0;
        self.received += piece.len() as u64;
        self.transcode(piece, false);
    }

    /// Notes that there are no more pieces.
    pub fn end(&mut self) {
        self.transcode(&[], true);
        self.ended = true;
    }

    fn transcode(&mut self, piece: &[u8], last: bool) {
        let Some(decoder) = &mut self.transcoder else {
            self.pushed.extend_from_slice(piece);
            return;
        };
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length(piece.len()).unwrap_or(piece.len() * 4));
        let (_, _, _) = decoder.decode_to_string(piece, &mut text, last);
        self.pushed.extend_from_slice(text.as_bytes());
    }

    /// Returns what was pushed and not yet read; UTF-8 if the file is in UTF-16.
    pub fn unread(&self) -> &[u8] {
        &self.pushed[self.at..]
    }

    /// Returns the next row; `None` if it is not complete yet, or the file has ended.
    pub fn next_row(&mut self) -> Result<Option<RawRow>, RowTooLong> {
        loop {
            let input = &self.pushed[self.at..];
            if input.is_empty() && !self.ended {
                return Ok(None);
            }
            let (row, ends) = (&mut self.row[self.length..], &mut self.ends[self.cells..]);
            let (result, read, written, found) = self.csv.read_record(input, row, ends);
            self.offset += self.width(self.at, read);
            self.at += read;
            self.length += written;
            self.cells += found;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.length >= MAX_ROW_BYTES => return Err(RowTooLong),
                ReadRecordResult::OutputEndsFull if self.cells >= MAX_ROW_BYTES => return Err(RowTooLong),
                ReadRecordResult::OutputFull => self.row.resize(self.row.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return Ok(Some(self.take())),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn take(&mut self) -> RawRow {
        let row = RawRow {
            bytes: self.row[..self.length].to_vec(),
            ends: self.ends[..self.cells].to_vec(),
            ends_at: self.offset.min(self.received),
        };
        (self.length, self.cells) = (0, 0);
        row
    }

    /// Returns how many bytes of the file these pushed bytes were. In UTF-16 each character has two, or four where UTF-8 has four.
    fn width(&self, from: usize, length: usize) -> u64 {
        let read = &self.pushed[from..from + length];
        if self.transcoder.is_none() {
            return read.len() as u64;
        }
        let units = |byte: &u8| match byte {
            0x80..=0xbf => 0,
            0xf0.. => 2,
            _ => 1,
        };
        2 * read.iter().map(units).sum::<u64>()
    }
}

//! Writing and reading numbers and bytes.

use super::column;
use super::{DecodeError, DecodeProblem, WireKey};
use crate::delta::Delta;

/// Collects the bytes of a message.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// The bytes written so far.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes one unsigned LEB128: 1 to 10 bytes.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Writes a delta after which something follows: *number* of its bytes, and them.
    pub(crate) fn delta<K: WireKey>(&mut self, delta: &Delta<K>) {
        self.prefixed(&delta.encode());
    }

    /// Writes *number* of bytes, and them.
    pub(crate) fn prefixed(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    /// Writes many numbers, each block packed to the width that it needs. The reader must know how many numbers there are.
    pub fn column(&mut self, values: impl IntoIterator<Item = u64>) {
        let mut values = values.into_iter();
        let mut block = [0; column::BLOCK];
        let mut is_first = true;
        loop {
            let mut length = 0;
            for (place, value) in block.iter_mut().zip(values.by_ref()) {
                *place = value;
                length += 1;
            }
            if is_first && length < column::PACKED_MIN {
                return block[..length].iter().for_each(|value| self.number(*value));
            }
            is_first = false;
            if length > 0 {
                column::pack(&block[..length], &mut self.bytes);
            }
            if length < block.len() {
                return;
            }
        }
    }
}

/// Reads a message from its front, and keeps the offset.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// The length of the whole message.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// An error at the current offset.
    pub fn error(&self, problem: DecodeProblem) -> DecodeError {
        DecodeError { offset: self.offset, problem }
    }

    /// Ends the reading: it is an error if bytes are left.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.offset == self.bytes.len() { Ok(()) } else { Err(self.error(DecodeProblem::TrailingBytes)) }
    }

    /// Reads that many bytes as they are.
    ///
    /// # Errors
    /// If there are not as many.
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let taken = rest.get(..length).ok_or_else(|| self.error(DecodeProblem::Truncated))?;
        self.offset += length;
        Ok(taken)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// If there is none.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        self.raw(1).map(|bytes| bytes[0])
    }

    /// Reads four bytes, big endian.
    pub(crate) fn u32_be(&mut self) -> Result<u32, DecodeError> {
        Ok(self.raw(4)?.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)))
    }

    /// Reads eight bytes, big endian.
    pub(crate) fn u64_be(&mut self) -> Result<u64, DecodeError> {
        Ok(self.raw(8)?.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
    }

    /// Reads what [`Writer::delta`] wrote.
    pub(crate) fn delta<K: WireKey>(&mut self) -> Result<Delta<K>, DecodeError> {
        let length = self.count(1)?;
        let begin = self.offset;
        let within = |error: DecodeError| DecodeError { offset: begin + error.offset, ..error };
        Delta::decode(self.raw(length)?).map_err(within)
    }

    /// Reads one unsigned LEB128.
    ///
    /// # Errors
    /// If it is cut off, exceeds 64 bits or is longer than it needs to be.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(self.error(DecodeProblem::OutOfBounds("a number")));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    return Err(
                        self.error(DecodeProblem::NotCanonical("a number longer than it needs to be"))
                    );
                }
                break;
            }
        }
        Ok(value)
    }

    /// Reads how many items follow. Each takes at least `bytes_min` bytes.
    ///
    /// # Errors
    /// If the whole message is too short for so many.
    pub fn count(&mut self, bytes_min: usize) -> Result<usize, DecodeError> {
        let count = self.number()?;
        self.checked_count(count, bytes_min)
    }

    /// A count that was read as part of something else, checked as [`count`](Self::count) does.
    pub(crate) fn checked_count(&self, count: u64, bytes_min: usize) -> Result<usize, DecodeError> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.length() / bytes_min)
            .ok_or_else(|| self.error(DecodeProblem::OutOfBounds("a count")))
    }

    /// Reads as many numbers as [`Writer::column`] wrote. The count is to be checked before: this allocates for it.
    ///
    /// # Errors
    /// If the column is cut off or was not packed as tightly as it can be.
    pub fn column(&mut self, count: usize) -> Result<Vec<u64>, DecodeError> {
        let mut values = Vec::with_capacity(count);
        if count < column::PACKED_MIN {
            for _ in 0..count {
                values.push(self.number()?);
            }
            return Ok(values);
        }
        while values.len() < count {
            let length = column::BLOCK.min(count - values.len());
            let width = u32::from(self.byte()?);
            if width > 64 {
                return Err(self.error(DecodeProblem::OutOfBounds("a column's width")));
            }
            let packed = self.raw((length * width as usize).div_ceil(8))?;
            if !column::unpack(packed, width, length, &mut values) {
                return Err(self.error(DecodeProblem::NotCanonical("a column wider than it needs to be")));
            }
        }
        Ok(values)
    }
}

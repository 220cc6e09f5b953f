//! The wire format of protocol buffers: fields with a number, one behind the other (protobuf.dev, "Encoding"). Fields that nobody asks
//! for are passed over, as the format wants it.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1: eight bytes.
    Fixed64(&'a [u8]),
    /// Wire type 2: a message, a string or packed numbers.
    Bytes(&'a [u8]),
    /// Wire type 5: four bytes.
    Fixed32(&'a [u8]),
}

impl<'a> Value<'a> {
    /// What a length stands before.
    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// Bytes of a number or of packed numbers of `size` bytes each.
    fn numbers(self, size: usize) -> Option<&'a [u8]> {
        match self {
            Self::Fixed32(bytes) | Self::Fixed64(bytes) if bytes.len() == size => Some(bytes),
            Self::Bytes(bytes) if bytes.len().is_multiple_of(size) => Some(bytes),
            _ => None,
        }
    }
}

/// The fields of a message.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Of these bytes.
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { message, at: 0 }
    }

    /// The next number of a packed field, which has numbers and no tags.
    pub(super) fn bare(&mut self) -> Option<Result<u64>> {
        (self.at < self.message.len()).then(|| self.varint())
    }

    fn field(&mut self) -> Result<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.take(8)?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(self.take(4)?),
            other => bail!("field {} has wire type {other}", tag >> 3),
        };
        Ok((tag >> 3, value))
    }

    /// Seven bits a byte, the lowest first; the last byte has its top bit clear.
    fn varint(&mut self) -> Result<u64> {
        let mut number = 0u64;
        for place in 0..10 {
            let byte = *self.message.get(self.at).context("a number is cut off")?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("a number of more than ten bytes")
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let left = self.message.len() - self.at;
        let length = usize::try_from(length).ok().filter(|&length| length <= left);
        let length =
            length.with_context(|| format!("a field is longer than the {left} bytes that are left; the file may be cut"))?;
        self.at += length;
        Ok(&self.message[self.at - length..self.at])
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    /// The next field and its number; nothing behind a fault.
    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        if start == self.message.len() {
            return None;
        }
        let field = self.field().with_context(|| format!("byte {start} of the message"));
        if field.is_err() {
            self.at = self.message.len();
        }
        Some(field)
    }
}

/// Numbers of a fixed size in all fields of one number: packed, one a field, or both; pieces follow one another.
#[derive(Debug, Clone)]
pub(super) struct Repeated<'a> {
    message: &'a [u8],
    field: u64,
    size: usize,
    /// Bytes in all pieces.
    pub(super) bytes: usize,
}

impl<'a> Repeated<'a> {
    /// Field `field` of `message`, numbers of `size` bytes.
    ///
    /// # Errors
    /// When the message is damaged or the field holds something else.
    pub(super) fn of(message: &'a [u8], field: u64, size: usize) -> Result<Self> {
        let mut bytes = 0;
        for entry in Fields::of(message) {
            let (number, value) = entry?;
            if number == field {
                let piece = value.numbers(size);
                bytes += piece.with_context(|| format!("field {field} does not hold numbers of {size} bytes"))?.len();
            }
        }
        ensure!(bytes.is_multiple_of(size), "field {field} does not hold whole numbers");
        Ok(Self { message, field, size, bytes })
    }

    /// All pieces in one.
    pub(super) fn gathered(&self) -> Cow<'a, [u8]> {
        let fields = Fields::of(self.message).map_while(Result::ok);
        let mut pieces = fields.filter(|(number, _)| *number == self.field).filter_map(|(_, value)| value.numbers(self.size));
        let first = pieces.next().unwrap_or_default();
        if first.len() == self.bytes {
            return Cow::Borrowed(first);
        }
        let mut bytes = Vec::with_capacity(self.bytes);
        bytes.extend_from_slice(first);
        pieces.for_each(|piece| bytes.extend_from_slice(piece));
        Cow::Owned(bytes)
    }
}

/// Appends fields to a message.
#[derive(Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    /// A message, a string or packed numbers.
    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2).varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A number.
    pub(super) fn number(&mut self, field: u64, number: u64) -> &mut Self {
        self.varint(field << 3).varint(number)
    }

    /// A bare number, as packed fields hold it.
    pub(super) fn varint(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }
}

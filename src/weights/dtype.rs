//! Types of elements, and how their bytes become numbers.

use half::{bf16, f16};
use serde::{Serialize, Serializer};

/// The type of a tensor's elements; little-endian in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Dtype {
    /// As messages and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The elements as `f32`: halves exactly, doubles and large integers to the nearest (beyond the range of `f32` to infinity). The
    /// bits of an `f32` are kept, those of a NaN included.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::Bool => bytes.iter().map(|&byte| f32::from(byte != 0)).collect(),
            Self::U8 => bytes.iter().map(|&byte| f32::from(byte)).collect(),
            Self::I8 => each(bytes, |raw| f32::from(i8::from_le_bytes(raw))),
            Self::I16 => each(bytes, |raw| f32::from(i16::from_le_bytes(raw))),
            Self::I32 => each(bytes, |raw| i32::from_le_bytes(raw) as f32),
            Self::I64 => each(bytes, |raw| i64::from_le_bytes(raw) as f32),
            Self::F16 => each(bytes, |raw| f16::from_le_bytes(raw).to_f32()),
            Self::Bf16 => each(bytes, |raw| bf16::from_le_bytes(raw).to_f32()),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F64 => each(bytes, |raw| f64::from_le_bytes(raw) as f32),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&raw| number(raw)).collect()
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

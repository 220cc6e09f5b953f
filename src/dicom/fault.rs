//! Why a file is refused. Every message says the fact; the caller adds the file's name.

use dicom_core::Tag;

/// Why a file or its pixels cannot be read as they should.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Neither a DICOM preamble nor a data set at the start.
    #[error("is not a DICOM file")]
    NotDicom,
    /// An element claims more bytes than there are.
    #[error("element {tag} declares {declared} bytes where {left} are left: the file is truncated or damaged")]
    Cut {
        /// The element.
        tag: Tag,
        /// The length in its header.
        declared: u64,
        /// What the file still holds.
        left: u64,
    },
    /// The bytes do not follow the encoding that the file names.
    #[error("the data set is damaged at byte {at}: {fact}")]
    Damaged {
        /// Offset within the data set's bytes.
        at: usize,
        /// What was found.
        fact: &'static str,
    },
    /// The deflated part does not inflate, or to more than any CT image needs.
    #[error("the deflated data set cannot be inflated: {0}")]
    Inflate(String),
    /// An encoding that is not read here.
    #[error("transfer syntax {uid} ({name}) is not read: convert the file to Explicit VR Little Endian first")]
    Syntax {
        /// Its UID.
        uid: String,
        /// Its name in PS3.6.
        name: &'static str,
    },
    /// An attribute that must be there.
    #[error("has no {0}")]
    Missing(&'static str),
    /// An attribute whose value makes no sense.
    #[error("{keyword} is `{value}`, not {expected}")]
    Value {
        /// DICOM keyword.
        keyword: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        expected: &'static str,
    },
    /// Pixel data that do not fit the header.
    #[error("pixel data: {0}")]
    Pixels(String),
}

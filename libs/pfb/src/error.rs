//! Why something is no PFB, or cannot be one.

/// Why a dictionary cannot be the model of a PFB.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Names of Avro have letters, digits and underscores, and begin with no digit.
    #[error("{0:?} cannot be a name in a PFB: it may have letters, digits and underscores only")]
    Name(String),
    /// The schema is not understood by the Avro library, for a reason that is none of the above.
    #[error("the model cannot be written as an Avro schema: {0}")]
    Schema(String),
}

/// A value that the model does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{property} is {value}, and the model allows {allowed}")]
pub struct Misfit {
    /// The property.
    pub property: String,
    /// The value, shortened.
    pub value: String,
    /// What there could be.
    pub allowed: String,
}

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PfbError {
    /// It is no Avro file, or its beginning is damaged.
    #[error("this is not an Avro file, or its beginning is damaged: {0}")]
    NotAvro(String),
    /// It is an Avro file of something else.
    #[error("this Avro file is not a PFB: {0}")]
    NotPfb(String),
    /// What follows this many entities cannot be read.
    #[error("the file is cut off or damaged after {after} entities: {reason}")]
    Damaged {
        /// Entities before.
        after: u64,
        /// What the Avro library says.
        reason: String,
    },
    /// An entity says two things of itself.
    #[error("entity number {number} calls itself {name:?}, and its properties are those of {found:?}")]
    Name {
        /// Its place in the file, from 1.
        number: u64,
        /// Its name.
        name: String,
        /// The type of its object.
        found: String,
    },
    /// A second metadata record.
    #[error("entity number {0} is another metadata record; only the first record may be one")]
    Metadata(u64),
    /// A number that JSON does not have.
    #[error("entity number {number}: {property} is no finite number")]
    Number {
        /// Its place in the file, from 1.
        number: u64,
        /// The property.
        property: String,
    },
    /// A node type that the model does not have.
    #[error("the model has no node type {0:?}")]
    UnknownNode(String),
    /// A value that the model does not allow.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Output(String),
}

//! The operations of the protocol.
//!
//! What a request says is checked here: keys, numbers, lengths and conditions; the disk takes what is already
//! known to be right. Work on files is done on threads that may wait.

mod buckets;
mod copies;
mod lists;
mod multipart;
mod reads;
mod tagging;
mod versions;
mod writes;

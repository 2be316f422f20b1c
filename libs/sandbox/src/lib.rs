//! Commands of others as processes of this machine, behind walls.
//!
//! A [`Cell`] is a folder whose subfolders are the top folders that its commands see and write. Beside them
//! they see the programs of this machine, to read, and nothing else: no other file, no other process, no
//! network. The walls are namespaces of Linux, a root of its own, and no capabilities; they need no rights,
//! but a kernel that gives namespaces to ordinary accounts. It is **not** what a virtual machine is: kernel,
//! processors and memory are those of the account that runs this.
//!
//! A command and everything that it has started ends when its first process ends, when it is told to, and
//! when the process that started it is killed.

mod cell;
mod inside;
mod running;

pub use cell::Cell;
pub use inside::{InsidePath, PathError};
pub use running::{Command, End, Ended, Limits};

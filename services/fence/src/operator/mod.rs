//! For whoever operates a commons: what the program's command line does with users, keys and clients. Nobody
//! calls here, so nobody is asked for a permission.

pub mod clients;
pub mod credentials;
pub mod users;

//! For whoever operates a commons: what the program's command line does with users, keys and clients. Nobody
//! calls here, so nobody is asked for a permission.

mod client_rules;
pub mod clients;
pub mod credentials;
pub mod local_accounts;
pub mod users;
pub mod visas;

//! The few HTML pages. They need no scripts, work with a keyboard and a screen reader, and load nothing but
//! the commons' own image.

mod account;
mod consent;
mod development;
mod form;
mod frame;
mod login;
mod qr;
mod registration;
mod told;

pub(crate) use account::{
    ChangePassword, Factor, InvitationForm, SecondFactor, change_password, done, invitation, recovery_codes,
    second_factor,
};
pub(crate) use consent::{Consent, consent};
pub(crate) use development::{DevelopmentLogin, LoginCode, development_login, login_code};
pub(crate) use form::Problem;
pub(crate) use frame::policy;
pub(crate) use login::{CodeForm, Current, Login, PasswordForm, Way, login, one_time_code};
pub(crate) use registration::{Registration, registration};
pub(crate) use told::{error, privacy_policy};

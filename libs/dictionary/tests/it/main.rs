//! Dictionaries through the public API; needs nothing but this repository.

mod checking;
mod comparing;
mod default_dictionary;
mod examples;
mod loading;
mod mini;
mod resolving;
mod validating;
mod worlds;

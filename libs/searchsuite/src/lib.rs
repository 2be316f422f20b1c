//! For tests: one suite of questions for every `search::Engine`, and a naive engine as its oracle.

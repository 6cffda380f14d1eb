//! Words in, words out: arguments, views, exit codes.

pub mod view;

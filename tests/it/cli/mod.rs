//! The command line from outside: what is typed, what is printed, and how the program ends.

mod prompts;
mod reading;
mod reference;
mod words;

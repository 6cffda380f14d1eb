//! Goals: what is measured, improved in rounds, and left at its best.

mod failing;
mod page;
mod real;
mod rounds;
mod stage;

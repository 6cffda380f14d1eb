//! The ledger: entries, their coding, and the rules of the chain.

pub mod codec;
pub mod entry;
pub mod flaw;
pub mod fold;
pub mod subject;
pub mod verify;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

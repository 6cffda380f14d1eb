//! The ledger: entries, their coding, and the rules of the chain.

pub mod codec;
pub mod entry;
pub mod subject;

#[cfg(test)]
mod tests;

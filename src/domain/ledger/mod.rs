//! The ledger: entries, their coding, and the rules of the chain.

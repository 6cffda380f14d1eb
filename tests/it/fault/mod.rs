//! Faults of every kind, one judgement: see `harness/oracle.rs`. What is slow takes its size from `GIT_ORC_TEST_ROUNDS`.

mod calls;
mod kills;
mod stage;
mod tracer;

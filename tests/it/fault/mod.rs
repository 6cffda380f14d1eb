//! Faults of every kind, one judgement: see `harness/oracle.rs`. What is slow takes its size from `GIT_ORC_TEST_ROUNDS`.

mod calls;
mod disk;
mod kills;
mod locks;
mod power;
mod races;
mod stage;
mod times;
mod tracer;
mod upgrade;
mod users;

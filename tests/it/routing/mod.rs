//! Which tool does a step, what follows when one fails, and what may be spent: through the real program, with tools that are scripts.

mod budgets;
mod fallback;
mod recovery;
mod stage;
mod stranger;
mod strategies;
mod told;

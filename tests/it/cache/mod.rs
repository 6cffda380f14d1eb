//! The cache of steps, through the real program: what is used again, what is not and why, and who is believed.

mod command;
mod dependence;
mod doubt;
mod hits;
mod stage;
mod stopped;
mod store;

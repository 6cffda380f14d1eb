//! Pipelines: the shipped ones from end to end, stops in their middle, layers, plugins, and the commands.

mod commands;
mod layers;
mod shipped;
mod stage;

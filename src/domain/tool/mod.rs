//! Tools: the programs that do the work, as data.
//!
//! A [`profile`] says how a program is started; [`invocation`] turns a task into an argument vector; [`outcome`] names what came of it;
//! [`reading`] tells by what was printed how it failed and what it used; [`diff`] reads the patch that some tools print instead of changing
//! files; [`routing`] chooses among the tools of a [`toolbox`].

pub mod bridge;
pub mod change;
pub mod diff;
mod diff_header;
pub mod failure;
pub mod hand;
pub mod invocation;
pub mod outcome;
pub mod parse;
mod pattern;
pub mod price;
pub mod profile;
mod raw;
mod raw_text;
pub mod reader;
pub mod reading;
pub mod registry;
pub mod registry_parse;
pub mod registry_raw;
pub mod registry_schema;
pub mod resources;
pub mod routing;
pub mod schema;
pub mod strategy;
pub mod suggest;
pub mod template;
pub mod toolbox;
pub mod usage;
pub mod variable;
pub mod version;

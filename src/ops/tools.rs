//! `git orc tools`: which tools there are, whether they work, and how one is added.
//!
//! [`ground`] finds out what holds here, [`version`] asks programs for their versions, [`list`] and [`check`] say what came of it, [`example`]
//! shows how a tool would be started, [`trial`] really starts it, and [`add`] writes a profile.

pub mod add;
pub mod check;
pub mod example;
pub mod ground;
pub mod list;
pub mod reach;
pub mod trial;
pub mod version;

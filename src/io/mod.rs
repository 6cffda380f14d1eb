//! The only doors to the world: clock, files, processes, git, settings. Concrete structs.

pub mod clock;
pub mod fs;
pub mod git;
pub mod http;
pub mod letterbox;
pub mod machine;
pub mod process;
pub mod room;
pub mod sandbox;
pub mod scoped;
pub mod settings;

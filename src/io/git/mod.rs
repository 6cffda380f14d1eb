//! Git: the only place that knows libgit2 and the git program.

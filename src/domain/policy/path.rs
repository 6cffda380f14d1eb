//! Which paths may land in a tree.

//! Finds unified diffs in what a tool printed.

//! Waves: which workstreams run side by side, and why.

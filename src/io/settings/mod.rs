//! Settings in layers with origin: the only reader of the environment and of git's configuration.

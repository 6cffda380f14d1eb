//! Processes: the only place that starts and ends them.

//! What `git orc plan show` tells about a plan.

//! Secrets in added lines: the rules of gitleaks as data, and a scanner of our own.
//!
//! A line is first searched for keywords, all of them at once ([`rules`]). Only the rules of keywords that were found are compiled and tried
//! ([`scan`]); what they find must be random enough, and must be on none of their lists of what is no secret ([`allow`]). A secret never
//! leaves these files: what is told is the rule, the line and a fingerprint.

pub mod allow;
pub mod expression;
pub mod rules;
pub mod scan;

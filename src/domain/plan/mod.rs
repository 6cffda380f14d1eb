//! Plans: from the text that a user wrote to a [`model::CheckedPlan`].

pub mod model;

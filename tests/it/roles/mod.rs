//! A pipeline of roles from end to end, through the real program, with one tool that plays all roles; and what happens when a gate does not
//! pass.

mod gates;
mod stage;
mod whole;

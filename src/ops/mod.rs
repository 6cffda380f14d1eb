//! The verbs: one operation per file, the API of the library.

//! Gates stand on files of the base commit (T5).

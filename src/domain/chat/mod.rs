//! Chat completions, as OpenAI's interface has them and many servers speak them: what is asked, how the answer comes, how it fails.
//! Whatever a server sends is taken as it is: what is not understood is left out or told as a failure, and nothing panics.

pub mod answer;
pub mod failure;
pub mod redact;
pub mod request;
pub mod stream;

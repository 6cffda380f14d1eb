//! The channel between a driver and its supervisor: what is whole is taken once, and what was taken can be sent again.

use git_orc::io::process::supervisor::order::{Order, Report};
use git_orc::io::process::supervisor::wire::{decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a channel delivered so far, as orders and as reports.
pub fn channel(data: &[u8]) {
    take_all::<Order>(data);
    take_all::<Report>(data);
}

fn take_all<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) {
    let mut received = data.to_vec();
    loop {
        let before = received.len();
        let Ok(Some(message)) = decode::<T>(&mut received) else {
            assert_eq!(received.len(), before, "what is not taken stays");
            return;
        };
        assert!(before - received.len() > 4, "a message has a length and a body");
        let mut sent = encode(&message).unwrap();
        assert_eq!(decode::<T>(&mut sent).unwrap().as_ref(), Some(&message));
        assert!(sent.is_empty());
    }
}

//! Messages on a channel: four bytes of length, then JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message; an order carries an environment, which the kernel bounds well below this.
const LONGEST: usize = 16 << 20;
const HEAD: usize = 4;

/// Returns the bytes of a message.
///
/// # Errors
/// Returns an error when it is too long.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - HEAD;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command and its environment are too long"));
    }
    let head = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    bytes.splice(..HEAD, head);
    Ok(bytes)
}

/// Takes the first message out of what has been received; `None` while it is not complete.
///
/// # Errors
/// Returns an error when it is no message.
pub fn decode<T: DeserializeOwned>(received: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(head) = received.first_chunk::<HEAD>() else { return Ok(None) };
    let end = HEAD + length(*head)?;
    let Some(body) = received.get(HEAD..end) else { return Ok(None) };
    let message = serde_json::from_slice(body)?;
    received.drain(..end);
    Ok(Some(message))
}

/// Sends a message.
///
/// # Errors
/// Returns the channel's error.
pub fn send(channel: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    channel.write_all(&encode(message)?)
}

/// Waits for a message; returns its bytes without the length.
///
/// # Errors
/// Returns the channel's error; the end of the channel is one.
pub fn receive(channel: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; HEAD];
    channel.read_exact(&mut head)?;
    bytes(channel, length(head)?)
}

/// Waits for this many bytes.
///
/// # Errors
/// Returns the channel's error; the end of the channel is one.
pub fn bytes(channel: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    channel.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

fn length(head: [u8; HEAD]) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    if length > LONGEST { Err(io::Error::new(io::ErrorKind::InvalidData, "no message")) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_one_by_one_and_only_when_complete() {
        let sent = [encode(&1).unwrap(), encode(&"two").unwrap()].concat();
        let mut received = Vec::new();
        let mut got = Vec::new();
        for byte in &sent {
            received.push(*byte);
            got.extend(decode::<serde_json::Value>(&mut received).unwrap());
        }
        assert_eq!(got, [serde_json::json!(1), serde_json::json!("two")]);
        assert!(received.is_empty());
        let mut blocking = sent.as_slice();
        assert_eq!(receive(&mut blocking).unwrap(), b"1");
        assert_eq!(receive(&mut blocking).unwrap(), b"\"two\"");
        assert!(receive(&mut blocking).is_err());
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        assert!(decode::<i32>(&mut vec![0xff; 8]).is_err());
        assert!(decode::<i32>(&mut vec![1, 0, 0, 0, b'x']).is_err());
        assert!(receive(&mut [0xff; 8].as_slice()).is_err());
        assert!(bytes(&mut b"ab".as_slice(), 3).is_err());
    }
}

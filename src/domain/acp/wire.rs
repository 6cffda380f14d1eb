//! JSON-RPC 2.0: which kind of document a line is, and the lines that are sent.

use serde::Serialize;
use serde_json::{Value, json};

/// The code of JSON-RPC for a method that is not there.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The code of JSON-RPC for parameters that make no sense.
pub const INVALID_PARAMS: i64 = -32602;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// An answer to what was asked under this number.
    Answer {
        /// The number.
        id: u64,
        /// What was answered: a result, or an error.
        result: Result<Value, RpcError>,
    },
    /// Something is asked, and an answer under this id is waited for.
    Request {
        /// The id, a number or a text.
        id: Value,
        /// What is asked.
        method: String,
        /// More about it.
        params: Value,
    },
    /// Something is told.
    Notice {
        /// What is told.
        method: String,
        /// More about it.
        params: Value,
    },
    /// No document of JSON-RPC: some programs print other lines as well.
    Noise,
}

/// An error of JSON-RPC.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// Its number.
    pub code: i64,
    /// Its words.
    pub message: String,
    /// More about it.
    pub data: Value,
}

/// Reads a line.
#[must_use]
pub fn read(line: &[u8]) -> Message {
    let Ok(Value::Object(mut document)) = serde_json::from_slice::<Value>(line) else { return Message::Noise };
    let id = document.remove("id").filter(|id| !id.is_null());
    let params = document.remove("params").unwrap_or(Value::Null);
    if let Some(Value::String(method)) = document.remove("method") {
        return match id {
            Some(id) => Message::Request { id, method, params },
            None => Message::Notice { method, params },
        };
    }
    let Some(id) = id.as_ref().and_then(Value::as_u64) else { return Message::Noise };
    let result = match document.remove("error").filter(|error| !error.is_null()) {
        Some(error) => Err(RpcError {
            code: error.get("code").and_then(Value::as_i64).unwrap_or(0),
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").cloned().unwrap_or(Value::Null),
        }),
        None => Ok(document.remove("result").unwrap_or(Value::Null)),
    };
    Message::Answer { id, result }
}

fn params(params: &impl Serialize) -> Value {
    serde_json::to_value(params).unwrap_or(Value::Null)
}

/// Returns a request.
#[must_use]
pub fn request(id: u64, method: &str, about: &impl Serialize) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params(about)}).to_string()
}

/// Returns a notice.
#[must_use]
pub fn notice(method: &str, about: &impl Serialize) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params(about)}).to_string()
}

/// Returns an answer.
#[must_use]
pub fn answer(id: &Value, result: &impl Serialize) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": params(result)}).to_string()
}

/// Returns an answer that refuses.
#[must_use]
pub fn refusal(id: &Value, code: i64, message: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart() {
        let check = |line: &str, expect: Message| assert_eq!(read(line.as_bytes()), expect, "{line}");
        let method = || "m".to_owned();
        check(r#"{"jsonrpc":"2.0","id":3,"result":{"a":1}}"#, Message::Answer { id: 3, result: Ok(json!({"a": 1})) });
        check(r#"{"id":3}"#, Message::Answer { id: 3, result: Ok(Value::Null) });
        let error = RpcError { code: -32000, message: "no".to_owned(), data: json!(1) };
        check(r#"{"id":3,"error":{"code":-32000,"message":"no","data":1}}"#, Message::Answer { id: 3, result: Err(error) });
        check(r#"{"id":"x","method":"m"}"#, Message::Request { id: json!("x"), method: method(), params: Value::Null });
        check(r#"{"id":null,"method":"m","params":[1]}"#, Message::Notice { method: method(), params: json!([1]) });
        for line in ["", "null", "[]", "Starting...", "{", r#"{"id":-1}"#, r#"{"id":"x","result":1}"#, r#"{"method":1}"#] {
            check(line, Message::Noise);
        }
    }

    #[test]
    fn what_is_sent_is_one_line() {
        assert_eq!(request(1, "m", &"a\nb"), r#"{"jsonrpc":"2.0","id":1,"method":"m","params":"a\nb"}"#);
        assert_eq!(notice("m", &1), r#"{"jsonrpc":"2.0","method":"m","params":1}"#);
        assert_eq!(answer(&json!("x"), &true), r#"{"jsonrpc":"2.0","id":"x","result":true}"#);
        assert_eq!(refusal(&json!(1), -1, "no"), r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#);
    }
}

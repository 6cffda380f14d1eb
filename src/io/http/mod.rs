//! HTTP: the only place that opens a connection. git-orc itself speaks to no network; the one who does is the bridge to a model that the
//! user named, in a process of its own.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::config::RedirectAuthHeaders;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error};

use crate::io::fs::{self, FsError};

/// How long finding and reaching a server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of the certificates that are trusted.
const MOST_CERTIFICATES: u64 = 16 << 20;

/// Something to send.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// Where to.
    pub url: &'a str,
    /// The key that is shown there.
    pub key: Option<&'a str>,
    /// A document of JSON.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("url", &self.url).field("body", &self.body.len()).finish_non_exhaustive()
    }
}

/// The beginning of an answer; the rest is read from it.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// When to come back, as the server says it.
    pub retry_after: Option<String>,
    /// Where the server sends us.
    pub location: Option<String>,
    body: ureq::BodyReader<'static>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Reply {
    /// Returns the body up to a bound; what can not be read is left out.
    #[must_use]
    pub fn text(self, most: u64) -> Vec<u8> {
        let mut text = Vec::new();
        // A body that breaks off still tells what came before.
        let _read = self.body.take(most).read_to_end(&mut text);
        text
    }
}

impl Read for Reply {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address, the proxy or the key can not be used.
    #[error("the address `{url}` can not be used: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The server can not be reached.
    #[error("`{url}` can not be reached: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The certificates that are to be trusted can not be used.
    #[error("the certificates in `{}` can not be used: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A client.
#[derive(Debug, Clone)]
pub struct Client(Agent);

impl Client {
    /// Returns a client that goes through the proxy which the environment names. It trusts the certificates in this file, else those of
    /// Mozilla's list. It follows no redirect: the key is for the server that the user named.
    ///
    /// # Errors
    /// Returns [`HttpError`] when the file can not be used.
    pub fn new(trusted: Option<&Path>) -> Result<Self, HttpError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = trusted {
            tls = tls.root_certs(certificates(path)?);
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .user_agent(concat!("git-orc/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .build();
        Ok(Self(config.new_agent()))
    }

    /// Sends something and waits for the beginning of the answer; for how long is the affair of whoever watches this process.
    ///
    /// # Errors
    /// Returns [`HttpError`] when there is no answer.
    pub fn post(&self, post: Post<'_>) -> Result<Reply, HttpError> {
        let mut request = self.0.post(post.url).header("Content-Type", "application/json");
        request = request.header("Accept", "text/event-stream, application/json");
        if let Some(key) = post.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let answer = request.send(post.body).map_err(|error| refused(post.url, &error))?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, retry_after, location) = (answer.status().as_u16(), header("retry-after"), header("location"));
        Ok(Reply { status, retry_after, location, body: answer.into_body().into_reader() })
    }
}

fn certificates(path: &Path) -> Result<RootCerts, HttpError> {
    let bytes = fs::read_at_most(path, MOST_CERTIFICATES)?;
    let found: Vec<Certificate<'static>> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if found.is_empty() {
        return Err(HttpError::Certificates { path: path.to_owned(), reason: "there is none in it".to_owned() });
    }
    Ok(RootCerts::new_with_certs(&found))
}

/// No words of the error hold the key: a header that can not be sent is told without its content.
#[expect(clippy::wildcard_enum_match_arm, reason = "the errors of the library are foreign and grow")]
fn refused(url: &str, error: &Error) -> HttpError {
    let url = url.to_owned();
    let reason = match error {
        Error::Http(_) => return HttpError::Address { url, reason: "it, or the key, holds what a request can not hold".to_owned() },
        Error::BadUri(_) | Error::InvalidProxyUrl | Error::RequireHttpsOnly(_) => {
            return HttpError::Address { url, reason: error.to_string() };
        }
        Error::HostNotFound => "there is no such host".to_owned(),
        Error::Io(source) => source.to_string(),
        other => other.to_string(),
    };
    HttpError::Unreachable { url, reason }
}

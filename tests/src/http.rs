//! A tiny HTTP/1.1 client: one request for each connection, nothing hidden.

use std::io::{ErrorKind, Read, Write};

use serde_json::Value;

use crate::{Server, server};

/// The answer to a plain HTTP request.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order received, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, if there is one of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends `GET` to the server under test.
#[must_use]
pub fn get(path: &str) -> Response {
    request("GET", path, &[], b"")
}

/// Sends `POST` to the server under test.
#[must_use]
pub fn post(path: &str, body: &[u8]) -> Response {
    request("POST", path, &[], body)
}

/// Negotiates at the hub with this path and query (`/hub?negotiateVersion=1`), and returns the answer.
///
/// # Panics
///
/// When the answer is not 200 with a JSON body.
#[must_use]
pub fn negotiate(hub: &str) -> Value {
    let (path, query) = hub.split_once('?').unwrap_or((hub, ""));
    let response = post(&format!("{path}/negotiate?{query}"), b"");
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

/// Sends a request over a connection of its own and reads the whole answer.
///
/// # Panics
///
/// When the answer is not HTTP.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    request_at(server(), method, path, headers, body)
}

/// As [`request`], to another server.
///
/// # Panics
///
/// When the answer is not HTTP.
#[must_use]
pub fn request_at(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut stream = server.tcp();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.authority());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method != "GET" {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    head += "\r\n";
    stream.write_all(&[head.as_bytes(), body].concat()).expect("the request can be written");
    let (response, rest) = read_head(&mut stream);
    read_body(&mut stream, response, rest)
}

/// Reads the body that belongs to a head; `rest` is what was received behind the head.
///
/// # Panics
///
/// When the connection ends within the body.
pub fn read_body(stream: &mut impl Read, mut response: Response, mut rest: Vec<u8>) -> Response {
    let mut receive = |rest: &mut Vec<u8>| {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).expect("the body can be read");
        rest.extend_from_slice(&chunk[..count]);
        count > 0
    };
    response.body = if let Some(length) = response.header("content-length") {
        let length: usize = length.parse().expect("Content-Length is a number");
        while rest.len() < length {
            assert!(receive(&mut rest), "the body ended early");
        }
        rest
    } else if response.header("transfer-encoding") == Some("chunked") {
        loop {
            if let Some(body) = dechunk(&rest) {
                break body;
            }
            assert!(receive(&mut rest), "the body ended early");
        }
    } else {
        while receive(&mut rest) {}
        rest
    };
    response
}

/// Reads the head of a response; the second value is what was received behind it.
///
/// # Panics
///
/// When the connection ends first, or the head is not HTTP.
pub fn read_head(stream: &mut impl Read) -> (Response, Vec<u8>) {
    let mut received = Vec::new();
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = received.split_off(end + 4);
            return (parse_head(&received), rest);
        }
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk) {
            Ok(0) => panic!("the connection ended before the answer: {}", String::from_utf8_lossy(&received)),
            Ok(count) => received.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("no answer: {error}; so far: {}", String::from_utf8_lossy(&received)),
        }
    }
}

fn parse_head(head: &[u8]) -> Response {
    let head = std::str::from_utf8(head).expect("the head is text");
    let mut lines = head.lines();
    let status_line = lines.next().expect("there is a status line");
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|line| line.get(..3))
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("not a status line: {status_line}"));
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Response { status, headers, body: Vec::new() }
}

/// The body of a chunked response, once it is complete.
fn dechunk(mut coded: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = coded.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&coded[..line_end]).expect("the size is text");
        let size = usize::from_str_radix(size, 16).expect("the size is hexadecimal");
        let chunk = coded.get(line_end + 2..line_end + 2 + size)?;
        coded = coded.get(line_end + 2 + size + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}

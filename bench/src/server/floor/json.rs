//! The JSON hub protocol, in the order in which the load client writes it.

use super::protocol::{Protocol, Request};
use memchr::memchr;

pub(super) struct Json;

impl Protocol for Json {
    type Slice = str;
    type Buffer = String;

    fn next<'a>(rest: &mut &'a str) -> Option<Request<'a, str>> {
        let (message, after) = until(rest, 0x1e)?;
        *rest = after;
        let message = message.strip_prefix("{\"type\":")?.strip_suffix('}')?;
        let (kind, message) = message.split_at_checked(1)?;
        let (id, message) = until(message.strip_prefix(",\"invocationId\":\"")?, b'"')?;
        match kind {
            "2" => Some(Request::Item(number(message.strip_prefix(",\"item\":")?))),
            "3" => Some(Request::EndOfUpload),
            _ => {
                let (target, message) = until(message.strip_prefix(",\"target\":\"")?, b'"')?;
                let (argument, _) = until(message.strip_prefix(",\"arguments\":[")?, b']')?;
                match (kind, target) {
                    ("1", "Echo") => Some(Request::Echo { id, argument }),
                    ("1", "Broadcast") => Some(Request::Broadcast { id, argument }),
                    ("1", "Sum") => Some(Request::Sum { id }),
                    ("4", "Counter") => Some(Request::Counter { id, count: number(argument) }),
                    _ => None,
                }
            }
        }
    }

    fn is_empty(buffer: &String) -> bool {
        buffer.is_empty()
    }

    fn invocation(argument: &str) -> String {
        ["{\"type\":1,\"target\":\"receive\",\"arguments\":[", argument, "]}\x1e"].concat()
    }

    fn item(out: &mut String, id: &str, item: u64) {
        append(out, ["{\"type\":2,\"invocationId\":\"", id, "\",\"item\":", &item.to_string(), "}\x1e"]);
    }

    fn completion(out: &mut String, id: &str, result: Option<&str>) {
        append(out, ["{\"type\":3,\"invocationId\":\"", id, "\""]);
        if let Some(result) = result {
            append(out, [",\"result\":", result]);
        }
        out.push_str("}\x1e");
    }

    fn number(number: u64) -> String {
        number.to_string()
    }
}

fn append<const N: usize>(out: &mut String, parts: [&str; N]) {
    out.reserve(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| out.push_str(part));
}

fn number(digits: &str) -> u64 {
    digits.bytes().fold(0, |number, digit| number * 10 + u64::from(digit & 0x0f))
}

/// What is before that byte, and what after.
fn until(text: &str, end: u8) -> Option<(&str, &str)> {
    let at = memchr(end, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_sliced() {
        let mut rest = "{\"type\":1,\"invocationId\":\"7\",\"target\":\"Echo\",\"arguments\":[\"abc\"]}\x1e\
            {\"type\":4,\"invocationId\":\"0\",\"target\":\"Counter\",\"arguments\":[1000]}\x1e\
            {\"type\":1,\"invocationId\":\"1\",\"target\":\"Sum\",\"arguments\":[],\"streamIds\":[\"s\"]}\x1e\
            {\"type\":2,\"invocationId\":\"s\",\"item\":42}\x1e{\"type\":3,\"invocationId\":\"s\"}\x1e";
        assert_eq!(Json::next(&mut rest), Some(Request::Echo { id: "7", argument: "\"abc\"" }));
        assert_eq!(Json::next(&mut rest), Some(Request::Counter { id: "0", count: 1000 }));
        assert_eq!(Json::next(&mut rest), Some(Request::Sum { id: "1" }));
        assert_eq!(Json::next(&mut rest), Some(Request::Item(42)));
        assert_eq!(Json::next(&mut rest), Some(Request::EndOfUpload));
        assert_eq!(Json::next(&mut rest), None);
    }

    #[test]
    fn answers_are_messages() {
        let mut out = String::new();
        Json::item(&mut out, "5", 17);
        Json::completion(&mut out, "5", None);
        Json::completion(&mut out, "6", Some("\"abc\""));
        let expected = "{\"type\":2,\"invocationId\":\"5\",\"item\":17}\x1e{\"type\":3,\"invocationId\":\"5\"}\x1e\
            {\"type\":3,\"invocationId\":\"6\",\"result\":\"abc\"}\x1e";
        assert_eq!(out, expected);
    }
}

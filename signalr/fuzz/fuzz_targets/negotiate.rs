#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr::protocol::negotiate::{MAX_VERSION, NegotiateResponse, parse_version};

fuzz_target!(|received: &[u8]| {
    if let Ok(response) = NegotiateResponse::parse(received) {
        let written = response.to_json();
        assert_eq!(NegotiateResponse::parse(&written), Ok(response));
    }
    if let Ok(text) = str::from_utf8(received)
        && let Ok(version) = parse_version([text], 0)
    {
        assert!((0..=MAX_VERSION).contains(&version));
    }
});

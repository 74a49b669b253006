#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr::protocol::Protocol;
use signalr::protocol::handshake::{HandshakeRequest, HandshakeResponse};

fuzz_target!(|input: (Option<u8>, bool, &[u8])| {
    let (limit, binary, received) = input;
    let limit = limit.map(usize::from);

    let request = HandshakeRequest::parse(received, limit);
    if let Ok(Some((request, consumed))) = &request {
        assert!(limit.is_none_or(|limit| *consumed <= limit));
        for cut in 0..*consumed {
            assert_eq!(HandshakeRequest::parse(&received[..cut], limit), Ok(None), "nothing is read too early");
        }
        let mut written = Vec::new();
        request.write(&mut written);
        assert_eq!(HandshakeRequest::parse(&written, None), Ok(Some((request.clone(), written.len()))));
        if let Ok(protocol) = request.select(Protocol::ALL, binary) {
            assert!(protocol.name().eq_ignore_ascii_case(&request.protocol));
        }
    } else if let Err(error) = request {
        let text = error.client_text(false);
        assert!(error.client_text(true).starts_with(&text));
    }

    if let Ok(Some((response, consumed))) = HandshakeResponse::parse(received, limit) {
        for cut in 0..consumed {
            assert_eq!(HandshakeResponse::parse(&received[..cut], limit), Ok(None), "nothing is read too early");
        }
        let mut written = Vec::new();
        response.write(&mut written);
        assert_eq!(HandshakeResponse::parse(&written, None), Ok(Some((response, written.len()))));
    }
});

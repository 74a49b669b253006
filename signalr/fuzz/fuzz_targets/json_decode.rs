#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr::protocol::Protocol;
use signalr_fuzz::check_message;

fuzz_target!(|message: &[u8]| check_message(Protocol::Json, message));

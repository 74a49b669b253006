//! How the received bytes are split into reads makes no difference, and no input does harm.

use crate::frames::{LIMIT, RawFrame, decode, decode_whole, raw_frames, read_sizes};
use proptest::collection::vec;
use proptest::prelude::*;
use signalr::protocol::websocket::{FrameDecoder, Role};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Server), Just(Role::Client)]
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<FrameDecoder>() <= 64, "{}", size_of::<FrameDecoder>());
}

proptest! {
    #[test]
    fn any_bytes_split_anywhere(role in role(), input in vec(any::<u8>(), 0..300), sizes in read_sizes(), limit in 0..500_usize) {
        prop_assert_eq!(decode(role, limit, &input, &sizes), decode_whole(role, limit, &input));
    }

    #[test]
    fn any_frames_split_anywhere(
        frames in raw_frames(),
        sizes in read_sizes(),
        missing in prop_oneof![Just(0_usize), 0..300_usize],
        limit in prop_oneof![9 => Just(LIMIT), 1 => 0..70_000_usize],
    ) {
        let mut input: Vec<u8> = frames.iter().flat_map(RawFrame::bytes).collect();
        input.truncate(input.len().saturating_sub(missing));
        let whole = decode_whole(Role::Server, limit, &input);
        prop_assert_eq!(decode(Role::Server, limit, &input, &sizes), whole);
    }

    #[test]
    fn unmasked_frames_split_anywhere(frames in raw_frames(), sizes in read_sizes()) {
        let unmasked = frames.into_iter().map(|mut frame| {
            frame.mask = None;
            frame.bytes()
        });
        let input: Vec<u8> = unmasked.flatten().collect();
        prop_assert_eq!(decode(Role::Client, LIMIT, &input, &sizes), decode_whole(Role::Client, LIMIT, &input));
    }
}

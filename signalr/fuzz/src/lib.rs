//! What several fuzz targets need.

mod any;
mod message;

pub use any::Any;
pub use message::check_message;

/// Cuts `bytes` into pieces of the given lengths, over and over; without any, into single bytes.
pub fn pieces<'a>(mut bytes: &'a [u8], lengths: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().copied().filter(|&length| length > 0).collect::<Vec<_>>().into_iter().cycle();
    std::iter::from_fn(move || {
        let length = lengths.next().map_or(1, usize::from).min(bytes.len());
        let (piece, rest) = bytes.split_at(length);
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

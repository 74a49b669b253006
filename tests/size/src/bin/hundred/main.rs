//! A hub of a hundred methods, and a receiver of twenty.

mod hub;
mod receiver;

fn main() -> std::io::Result<()> {
    size::serve(hub::BoardHub::default())
}

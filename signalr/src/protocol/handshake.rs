//! The first message of each direction.

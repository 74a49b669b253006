//! What hubs are like in a crate of edition 2021, where an `impl Stream` that borrows has to say so.

//! The answer to `POST …/negotiate`.

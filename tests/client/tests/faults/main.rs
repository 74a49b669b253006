//! Servers and relays that do what they should not.

//! The MessagePack hub protocol.

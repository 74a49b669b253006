//! Systems on which nothing is measured.

use crate::Error;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

fn not_here<T>() -> Result<T, Error> {
    Err("measured is only on Linux".into())
}

pub(crate) struct Usage;

impl Usage {
    pub(crate) fn of(_id: u32) -> Result<Self, Error> {
        not_here()
    }

    pub(crate) fn cpu_time(&self) -> Result<Duration, Error> {
        not_here()
    }

    pub(crate) fn resident(&self) -> Result<u64, Error> {
        not_here()
    }
}

pub(crate) fn own_cpu_time() -> Result<Duration, Error> {
    not_here()
}

pub(crate) fn raise_file_limit() -> Result<u64, Error> {
    not_here()
}

pub(crate) fn connect(_address: SocketAddr, _source: Ipv4Addr) -> Result<TcpStream, Error> {
    not_here()
}

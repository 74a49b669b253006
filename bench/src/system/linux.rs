//! What a process has used, and what it may use.

use crate::Error;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use socket2::{Domain, Socket, Type};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

/// Of a process.
pub(crate) struct Usage {
    id: u32,
    clock: ClockId,
}

impl Usage {
    pub(crate) fn of(id: u32) -> Result<Self, Error> {
        Ok(Usage { id, clock: ClockId::pid_cpu_clock_id(Pid::from_raw(id.try_into()?))? })
    }

    /// The CPU time of all its threads so far, also of those that have ended.
    pub(crate) fn cpu_time(&self) -> Result<Duration, Error> {
        Ok(clock_gettime(self.clock)?.into())
    }

    /// The bytes of memory that it holds now.
    pub(crate) fn resident(&self) -> Result<u64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

/// The CPU time of this process.
pub(crate) fn own_cpu_time() -> Result<Duration, Error> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Lets this process, and the servers that it starts, open as many files as the system allows; says how many that are.
pub(crate) fn raise_file_limit() -> Result<u64, Error> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

/// Begins to connect from that address, without waiting for the end of it.
pub(crate) fn connect(address: SocketAddr, source: Ipv4Addr) -> Result<TcpStream, Error> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&SocketAddrV4::new(source, 0).into())?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error.into()),
        _ => Ok(socket.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::time::Instant;

    #[test]
    fn the_clock_of_a_process_goes_on_while_it_works() {
        let usage = Usage::of(std::process::id()).unwrap();
        let (before, begin) = (usage.cpu_time().unwrap(), Instant::now());
        while usage.cpu_time().unwrap() - before < Duration::from_millis(5) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the clock stands still");
            black_box(fs::read_to_string("/proc/self/status").unwrap());
        }
        assert!(own_cpu_time().unwrap() >= Duration::from_millis(5));
        assert!(usage.resident().unwrap() > 100_000);
    }
}

//! What only the system can tell or do. Elsewhere than on Linux everything compiles, so that the workspace does, and says
//! that nothing is measured.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod here;

pub(crate) use here::{Usage, connect, own_cpu_time, raise_file_limit};

//! Hubs in a fleet: what they put on a backplane, step by step, is what servers of ASP.NET Core put there.

mod recorded;
mod steps;

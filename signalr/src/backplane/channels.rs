//! The names of channels, as ASP.NET Core's Redis backplane has them.

use std::fmt::Write;
use std::time::SystemTime;
use std::{env, fs, process};

/// The names of the channels of one hub on one server.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    /// What the hub is called on the channels: in a fleet with .NET servers, the full name of its class.
    hub: Box<str>,
    server: Box<str>,
}

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// Invocations for all connections.
    All,
    /// Invocations for one connection.
    Connection(&'a str),
    /// Invocations for the members of a group.
    Group(&'a str),
    /// Invocations for the connections of a user.
    User(&'a str),
    /// Commands to add connections to groups and to remove them.
    Groups,
    /// Confirmations of such commands, for this server.
    Ack,
    /// What clients have answered, for this server.
    Return,
    /// Questions that only servers of this crate answer.
    Ask,
    /// Their answers, for this server.
    Answer,
}

impl Channels {
    /// The channels of a hub, for a server whose name nobody else has.
    pub(crate) fn new(hub: &str) -> Self {
        Channels { hub: hub.into(), server: server_name().into() }
    }

    /// The name of this server, which differs for each hub.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    pub(crate) fn all(&self) -> String {
        self.name(&["all"])
    }

    pub(crate) fn connection(&self, id: &str) -> String {
        self.name(&["connection:", id])
    }

    pub(crate) fn group(&self, name: &str) -> String {
        self.name(&["group:", name])
    }

    pub(crate) fn user(&self, id: &str) -> String {
        self.name(&["user:", id])
    }

    pub(crate) fn groups(&self) -> String {
        self.name(&["internal:groups"])
    }

    pub(crate) fn ack(&self, server: &str) -> String {
        self.name(&["internal:ack:", server])
    }

    pub(crate) fn returns(&self, server: &str) -> String {
        self.name(&["internal:return:", server])
    }

    pub(crate) fn ask(&self) -> String {
        self.name(&["signalr-rs:ask"])
    }

    pub(crate) fn answer(&self, server: &str) -> String {
        self.name(&["signalr-rs:answer:", server])
    }

    fn name(&self, parts: &[&str]) -> String {
        let length = self.hub.len() + 1 + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut name = String::with_capacity(length);
        name.push_str(&self.hub);
        name.push(':');
        name.extend(parts.iter().copied());
        name
    }

    /// What a channel is for, if it is one of those that this server listens to.
    pub(crate) fn kind<'a>(&self, channel: &'a str) -> Option<Kind<'a>> {
        let name = channel.strip_prefix(&*self.hub)?.strip_prefix(':')?;
        match name {
            "all" => return Some(Kind::All),
            "internal:groups" => return Some(Kind::Groups),
            "signalr-rs:ask" => return Some(Kind::Ask),
            _ => {}
        }
        let (kind, of) = name.split_once(':')?;
        match kind {
            "connection" => Some(Kind::Connection(of)),
            "group" => Some(Kind::Group(of)),
            "user" => Some(Kind::User(of)),
            "internal" => match self.own(of)? {
                "ack" => Some(Kind::Ack),
                "return" => Some(Kind::Return),
                _ => None,
            },
            "signalr-rs" => (self.own(of)? == "answer").then_some(Kind::Answer),
            _ => None,
        }
    }

    /// What stands before the name of this server.
    fn own<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_suffix(&*self.server)?.strip_suffix(':')
    }
}

/// The name of the machine and 32 random hexadecimal digits.
fn server_name() -> String {
    let mut name = machine_name().unwrap_or_else(|| "server".to_owned());
    let mut bytes = [0; 16];
    let number = match getrandom::fill(&mut bytes) {
        Ok(()) => u128::from_be_bytes(bytes),
        // It need not be secret, only nobody else's.
        Err(_) => {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            now.as_nanos() << 32 | u128::from(process::id())
        }
    };
    let _ = write!(name, "_{number:032x}");
    name
}

/// The name of the machine, up to its first dot as .NET has it.
fn machine_name() -> Option<String> {
    let full = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let known = full.or_else(|| env::var("HOSTNAME").ok()).or_else(|| env::var("COMPUTERNAME").ok())?;
    let name = known.trim().split('.').next().unwrap_or_default();
    (!name.is_empty() && !name.contains(char::is_control)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn channels() -> Channels {
        Channels { hub: "ConformanceHub".into(), server: "vm_0123456789abcdef0123456789abcdef".into() }
    }

    #[test]
    fn names_are_those_of_the_other_server() {
        let channels = channels();
        let server = channels.server();
        assert_eq!(channels.all(), "ConformanceHub:all");
        assert_eq!(channels.connection("AAAAAAAAAAAAAAAAAAAAAA"), "ConformanceHub:connection:AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(channels.group("g"), "ConformanceHub:group:g");
        assert_eq!(channels.user("ann"), "ConformanceHub:user:ann");
        assert_eq!(channels.groups(), "ConformanceHub:internal:groups");
        assert_eq!(channels.ack("vm_1"), "ConformanceHub:internal:ack:vm_1");
        assert_eq!(channels.returns(server), format!("ConformanceHub:internal:return:{server}"));
        assert_eq!(channels.ask(), "ConformanceHub:signalr-rs:ask");
        assert_eq!(channels.answer("vm_1"), "ConformanceHub:signalr-rs:answer:vm_1");
    }

    #[test]
    fn each_name_tells_what_it_is_for() {
        let channels = channels();
        let server = channels.server();
        assert_eq!(channels.kind(&channels.all()), Some(Kind::All));
        assert_eq!(channels.kind(&channels.groups()), Some(Kind::Groups));
        assert_eq!(channels.kind(&channels.ack(server)), Some(Kind::Ack));
        assert_eq!(channels.kind(&channels.returns(server)), Some(Kind::Return));
        assert_eq!(channels.kind(&channels.ask()), Some(Kind::Ask));
        assert_eq!(channels.kind(&channels.answer(server)), Some(Kind::Answer));
    }

    #[test]
    fn other_names_are_for_nothing() {
        let channels = channels();
        for other in [
            "",
            "all",
            "ConformanceHub",
            "ConformanceHub:",
            "ConformanceHub:ALL",
            "ConformanceHub:all:",
            "ConformanceHub2:all",
            "conformancehub:all",
            "ConformanceHub:group",
            "ConformanceHub:internal",
            "ConformanceHub:internal:",
            "ConformanceHub:internal:ack:",
            "ConformanceHub:signalr-rs:",
            &channels.ack("vm_1"),
            &channels.returns(&channels.server()[1..]),
            &channels.answer("another"),
            &channels.name(&["internal:other:", channels.server()]),
            &channels.name(&["internal:", channels.server()]),
            &channels.name(&["signalr-rs:ask:", channels.server()]),
        ] {
            assert_eq!(channels.kind(other), None, "{other}");
        }
    }

    #[test]
    fn servers_have_names_of_their_own() {
        let (one, other) = (Channels::new("Chat"), Channels::new("Chat"));
        assert_ne!(one.server(), other.server());
        let (machine, digits) = one.server().rsplit_once('_').unwrap();
        assert!(!machine.is_empty() && !machine.contains('.'), "{machine}");
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{digits}");
        assert_eq!(other.kind(&one.ack(one.server())), None);
    }

    proptest! {
        #[test]
        fn any_name_comes_back(hub in "[A-Za-z.:+]{0,9}", name in ".{0,9}|group:|all|internal:groups") {
            let channels = Channels { hub: hub.into(), ..channels() };
            let connection = channels.connection(&name);
            prop_assert_eq!(channels.kind(&connection), Some(Kind::Connection(&name)));
            let group = channels.group(&name);
            prop_assert_eq!(channels.kind(&group), Some(Kind::Group(&name)));
            let user = channels.user(&name);
            prop_assert_eq!(channels.kind(&user), Some(Kind::User(&name)));
        }

        #[test]
        fn no_name_panics(name in "(ConformanceHub)?:?(internal|signalr-rs|group)?.{0,20}") {
            let _ = channels().kind(&name);
        }
    }
}

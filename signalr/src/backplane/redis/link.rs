//! One connection to Redis. The only file that uses the crate `redis`.

use super::builder::{Options, RedisError};
use super::lane::{Command, Shared, Verb};
use super::socket::{Address, Pulse, Socket};
use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, IntoConnectionInfo, Pipeline, ProtocolVersion, PushInfo, PushKind, Value};
use std::fmt;
use std::sync::Arc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

const SENTINEL_PORT: u16 = 26379;

/// Where a Redis is, and how to log in.
#[derive(Clone)]
pub(super) struct Endpoint {
    address: Address,
    login: redis::RedisConnectionInfo,
}

/// Where to look for a Redis.
pub(super) enum Endpoints {
    /// One, or several of a cluster.
    Nodes(Vec<Endpoint>),
    /// Wherever the Sentinels say.
    Sentinel { master: String, settings: Endpoint, sentinels: Vec<Endpoint> },
}

/// What Redis has answered to a command.
pub(super) enum Reply {
    Done,
    Count(Option<usize>),
    Refused(String),
}

pub(super) struct Link {
    pub(super) address: String,
    pub(super) pulse: Arc<Pulse>,
    connection: MultiplexedConnection,
    task: AbortHandle,
    prefix: String,
    /// Whether counts of subscribers are those of the fleet, and not of one node.
    has_counts: bool,
}

impl Endpoint {
    pub(super) fn parse(url: &str) -> Result<Self, RedisError> {
        let invalid = |text: String| RedisError::Url(text);
        let (plain, is_tls) = match url.split_once("://") {
            Some(("rediss", rest)) => (format!("redis://{rest}"), true),
            Some(("valkeys", rest)) => (format!("valkey://{rest}"), true),
            _ => (url.to_owned(), false),
        };
        if is_tls && url.ends_with("#insecure") {
            return Err(invalid("certificates are always checked".to_owned()));
        }
        let info = plain.as_str().into_connection_info().map_err(|error| invalid(text(&error)))?;
        let address = match info.addr() {
            redis::ConnectionAddr::Tcp(host, port) if is_tls => Address::Tls(host.clone(), *port),
            redis::ConnectionAddr::Tcp(host, port) => Address::Tcp(host.clone(), *port),
            redis::ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
            _ => return Err(invalid("its kind of address is not supported".to_owned())),
        };
        let login = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Endpoint { address, login: login.set_lib_name("signalr-rust", env!("CARGO_PKG_VERSION")) })
    }

    pub(super) fn parse_sentinel(url: &str) -> Result<Self, RedisError> {
        let mut endpoint = Self::parse(url)?;
        let has_port = redis::parse_redis_url(url).is_some_and(|url| url.port().is_some());
        if let Address::Tcp(_, port) | Address::Tls(_, port) = &mut endpoint.address
            && !has_port
        {
            *port = SENTINEL_PORT;
        }
        endpoint.login = endpoint.login.set_protocol(ProtocolVersion::RESP2);
        Ok(endpoint)
    }

    /// The same at another place.
    fn at(&self, host: String, port: u16) -> Self {
        let address = if self.address.is_tls() { Address::Tls(host, port) } else { Address::Tcp(host, port) };
        Endpoint { address, login: self.login.clone() }
    }

    async fn connect(
        &self,
        options: &Options,
        config: AsyncConnectionConfig,
    ) -> Result<(MultiplexedConnection, AbortHandle, Arc<Pulse>), String> {
        let attempt = async {
            let (socket, pulse) = Socket::connect(&self.address, options).await.map_err(|error| error.to_string())?;
            // The driver of the connection knows better than each request when Redis is lost.
            let config = config.set_response_timeout(None);
            let (connection, task) = MultiplexedConnection::new_with_config(&self.login, socket, config)
                .await
                .map_err(|error| cause(&pulse, &error))?;
            Ok((connection, tokio::spawn(task).abort_handle(), pulse))
        };
        let result = timeout(options.connect_timeout, attempt).await;
        result.unwrap_or_else(|_| Err(format!("no connection within {:?}", options.connect_timeout)))
    }
}

impl Endpoints {
    pub(super) fn any_tls(&self) -> bool {
        match self {
            Endpoints::Nodes(nodes) => nodes.iter().any(|node| node.address.is_tls()),
            Endpoints::Sentinel { settings, sentinels, .. } => {
                settings.address.is_tls() || sentinels.iter().any(|sentinel| sentinel.address.is_tls())
            }
        }
    }
}

impl Link {
    /// Tries all nodes, this one first, and sets `first` to the one to try next time.
    pub(super) async fn connect(shared: &Arc<Shared>, first: &mut usize) -> Result<Self, String> {
        let options = &shared.options;
        match &options.endpoints {
            Endpoints::Nodes(nodes) => {
                let mut errors = vec![String::new(); nodes.len()];
                for _ in nodes {
                    let place = *first % nodes.len();
                    *first = place + 1;
                    let (Some(node), Some(told)) = (nodes.get(place), errors.get_mut(place)) else { continue };
                    match Self::to(node, shared, nodes.len() == 1).await {
                        Ok(link) => return Ok(link),
                        Err(error) => *told = error,
                    }
                }
                Err(errors.join("; "))
            }
            Endpoints::Sentinel { master, settings, sentinels } => {
                let mut errors = Vec::new();
                for sentinel in sentinels {
                    match master_of(sentinel, master, options).await {
                        Ok((host, port)) => return Self::to(&settings.at(host, port), shared, true).await,
                        Err(error) => errors.push(format!("{}: {error}", sentinel.address)),
                    }
                }
                Err(errors.join("; "))
            }
        }
    }

    async fn to(endpoint: &Endpoint, shared: &Arc<Shared>, is_alone: bool) -> Result<Self, String> {
        let address = endpoint.address.to_string();
        let options = &shared.options;
        let receiving = shared.clone();
        let config = AsyncConnectionConfig::new().set_push_sender(move |push| {
            receive(&receiving, push);
            Ok::<_, redis::aio::SendError>(())
        });
        let (connection, task, pulse) =
            endpoint.connect(options, config).await.map_err(|error| format!("{address}: {error}"))?;
        let prefix = options.prefix.clone();
        let mut link = Link { address, pulse, connection, task, prefix, has_counts: is_alone };
        let node = timeout(options.connect_timeout, link.ask()).await.unwrap_or_else(|_| Err("no answer".to_owned()));
        let node = node.map_err(|error| format!("{}: {error}", link.address))?;
        if matches!(options.endpoints, Endpoints::Sentinel { .. }) && node.is_replica {
            return Err(format!("{}: the Sentinel takes it for the master, but it is none", link.address));
        }
        link.has_counts &= !node.is_cluster;
        Ok(link)
    }

    /// What this is a connection to. Asking again for the protocol is how every version tells.
    async fn ask(&mut self) -> Result<Node, String> {
        let reply = self.connection.send_packed_command(redis::cmd("HELLO").arg(3)).await;
        let Value::Map(fields) = reply.and_then(Value::extract_error).map_err(|error| text(&error))? else {
            return Err("its answer to HELLO is not understood".to_owned());
        };
        let has = |name: &str, value: &str| {
            let is = |field: &Value, expected: &str| word(field).is_some_and(|word| word == expected);
            fields.iter().any(|(key, held)| is(key, name) && is(held, value))
        };
        Ok(Node { is_cluster: has("mode", "cluster"), is_replica: has("role", "replica") })
    }

    /// Sends a batch as one pipeline, or without a command asks for a sign of life. They are sent in the order in which the futures
    /// are polled first.
    pub(super) fn send(&self, batch: &[Command]) -> impl Future<Output = Result<Vec<Reply>, String>> + use<> {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for command in batch {
            self.put(command, &mut pipeline);
        }
        if batch.is_empty() {
            pipeline.cmd("PING");
        }
        let (mut connection, pulse, has_counts) = (self.connection.clone(), self.pulse.clone(), self.has_counts);
        async move {
            let values = connection.send_packed_commands(&pipeline, 0, pipeline.len()).await;
            let values = values.map_err(|error| cause(&pulse, &error))?;
            Ok(values.into_iter().map(|value| reply(value, has_counts)).collect())
        }
    }

    /// Subscriptions are single ones: then each command has one answer, which a pipeline counts on.
    fn put(&self, command: &Command, pipeline: &mut Pipeline) {
        let channel = [self.prefix.as_str(), &command.channel].concat();
        match &command.verb {
            Verb::Publish(payload) => pipeline.cmd("PUBLISH").arg(channel).arg(&**payload),
            Verb::Subscribe => pipeline.cmd("SUBSCRIBE").arg(channel),
            Verb::Unsubscribe => pipeline.cmd("UNSUBSCRIBE").arg(channel),
            Verb::Count => pipeline.cmd("PUBSUB").arg("NUMSUB").arg(channel),
        };
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Node {
    is_cluster: bool,
    is_replica: bool,
}

/// Where the master is, as a Sentinel says.
async fn master_of(sentinel: &Endpoint, master: &str, options: &Options) -> Result<(String, u16), String> {
    let (mut connection, task, _) = sentinel.connect(options, AsyncConnectionConfig::new()).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    let reply = timeout(options.connect_timeout, connection.send_packed_command(&command)).await;
    task.abort();
    let reply = reply.map_err(|_| "no answer".to_owned())?;
    let Value::Array(parts) = reply.and_then(Value::extract_error).map_err(|error| text(&error))? else {
        return Err(format!("it knows no master of the name {master}"));
    };
    let host = parts.first().and_then(word);
    let port = parts.get(1).and_then(word).and_then(|port| port.parse().ok());
    host.map(str::to_owned).zip(port).ok_or_else(|| "its answer is not understood".to_owned())
}

/// Takes what Redis sends by itself. It runs on the task that reads the connection, which thereby reads no faster than payloads
/// are handed over.
fn receive(shared: &Shared, push: PushInfo) {
    if push.kind != PushKind::Message {
        return;
    }
    let mut parts = push.data.into_iter();
    let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) = (parts.next(), parts.next()) else {
        return;
    };
    let channel = std::str::from_utf8(&channel).ok().and_then(|name| name.strip_prefix(&*shared.options.prefix));
    if let Some(channel) = channel {
        shared.deliver(channel, Bytes::from(payload));
    }
}

fn reply(value: Value, has_counts: bool) -> Reply {
    match value {
        Value::ServerError(error) => Reply::Refused(server_text(&error)),
        Value::Int(count) => Reply::Count(usize::try_from(count).ok().filter(|_| has_counts)),
        // The channel and its count.
        Value::Array(parts) => match parts.get(1) {
            Some(Value::Int(count)) => Reply::Count(usize::try_from(*count).ok().filter(|_| has_counts)),
            _ => Reply::Done,
        },
        _ => Reply::Done,
    }
}

fn word(value: &Value) -> Option<&str> {
    match value {
        Value::SimpleString(text) => Some(text),
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn server_text(error: &redis::ServerError) -> String {
    error.details().map_or_else(|| error.code().to_owned(), |details| format!("{} {details}", error.code()))
}

/// The socket knows best why it has ended.
fn cause(pulse: &Pulse, error: &redis::RedisError) -> String {
    pulse.cause().filter(|_| error.is_io_error()).unwrap_or_else(|| text(error))
}

fn text(error: &redis::RedisError) -> String {
    use redis::ErrorKind;
    match (error.kind(), error.detail(), error.code()) {
        (ErrorKind::Io, ..) => error.to_string(),
        (ErrorKind::RESP3NotSupported, ..) => "it does not speak RESP3, which Redis does from version 6".to_owned(),
        (_, Some(detail), Some(code)) => format!("{code} {detail}"),
        (_, Some(detail), None) => detail.to_owned(),
        (_, None, Some(code)) => code.to_owned(),
        (_, None, None) => error.to_string(),
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.address, f)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoints::Nodes(nodes) => f.debug_list().entries(nodes).finish(),
            Endpoints::Sentinel { master, sentinels, .. } => {
                f.debug_struct("Sentinel").field("master", master).field("sentinels", sentinels).finish()
            }
        }
    }
}

//! A client that calls one method again and again, and one that only listens.

use super::http::{Http, request};
use super::messages::{Around, Messages};
use super::{HANDSHAKE, patiently};
use crate::Error;
use crate::client::web_socket::{TEXT, UPGRADE, frame};
use crate::process::Server;
use crate::server::Own;
use memchr::memmem;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// By what clients talk to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    WebSocket,
    /// TCP without anything around the messages.
    Stream,
    ServerSentEvents,
    /// Of a server with axum's own listener.
    ServerSentEventsOnAxum,
    LongPolling,
    /// The floor's handler that only answers POSTs.
    BarePost,
    /// The floor's handlers that make an event of each POST.
    BareEvents,
    /// The floor's handlers that answer a poll with each POST.
    BarePoll,
}

impl Kind {
    /// Which server it is a client of.
    pub(crate) fn server(self) -> Own {
        match self {
            Kind::BarePost | Kind::BareEvents | Kind::BarePoll => Own::HttpFloor,
            Kind::ServerSentEventsOnAxum => Own::HubOnAxum,
            _ => Own::Hub,
        }
    }
}

/// What brings answers.
enum Answers {
    /// Something that does not end.
    Messages(Messages<OwnedReadHalf>),
    Events(Messages<TcpStream>),
    /// The answer to such a request.
    Poll(Http, Vec<u8>),
    /// The answer to the POST itself.
    Post,
}

/// What takes requests.
enum Requests {
    Post(Http),
    Write(OwnedWriteHalf),
}

/// An open connection of one kind.
pub(crate) struct Caller {
    kind: Kind,
    requests: Requests,
    answers: Answers,
    /// Where POSTs go to.
    target: String,
}

impl Caller {
    /// Opens a connection, up to the end of its handshake. `number` names it where the client has to.
    pub(crate) async fn open(server: &Server, kind: Kind, number: usize) -> Result<Self, Error> {
        patiently("a connection", Self::opened(server, kind, number)).await
    }

    async fn opened(server: &Server, kind: Kind, number: usize) -> Result<Self, Error> {
        let address = server.address;
        let connect = || Http::connect(address);
        let path = &*server.path;
        match kind {
            Kind::BarePost => {
                let target = format!("/post?id={number}");
                Ok(Caller { kind, requests: Requests::Post(connect().await?), answers: Answers::Post, target })
            }
            Kind::BareEvents => {
                Self::over_events(connect().await?, connect().await?, kind, format!("/events?id={number}")).await
            }
            Kind::BarePoll => {
                Ok(Self::over_polls(connect().await?, connect().await?, kind, format!("/poll?id={number}")))
            }
            Kind::WebSocket => {
                let mut http = connect().await?;
                http.send(&request("GET", path, UPGRADE, b"")).await?;
                http.head("101").await?;
                Self::over_stream(http.tcp, http.received, kind, Around::WebSocketFrames).await
            }
            Kind::Stream => {
                let address = server.stream_address.ok_or("the server has no address for byte streams")?;
                let http = Http::connect(address).await?;
                Self::over_stream(http.tcp, http.received, kind, Around::Text).await
            }
            Kind::ServerSentEvents | Kind::ServerSentEventsOnAxum => {
                let mut post = connect().await?;
                let target = negotiate(&mut post, path).await?;
                let mut caller = Self::over_events(connect().await?, post, kind, target).await?;
                caller.call(&caller.bytes(HANDSHAKE), b"{}").await?;
                Ok(caller)
            }
            Kind::LongPolling => {
                let mut post = connect().await?;
                let target = negotiate(&mut post, path).await?;
                let mut caller = Self::over_polls(connect().await?, post, kind, target);
                if let Answers::Poll(http, poll) = &mut caller.answers {
                    http.send(poll).await?;
                    http.answer(|_empty| ()).await?;
                }
                caller.call(&caller.bytes(HANDSHAKE), b"{}").await?;
                Ok(caller)
            }
        }
    }

    async fn over_stream(tcp: TcpStream, received: Vec<u8>, kind: Kind, around: Around) -> Result<Self, Error> {
        let (reader, writer) = tcp.into_split();
        let answers = Answers::Messages(Messages::new(reader, around, received));
        let mut caller = Caller { kind, requests: Requests::Write(writer), answers, target: String::new() };
        caller.call(&caller.bytes(HANDSHAKE), b"{}").await?;
        Ok(caller)
    }

    async fn over_events(mut events: Http, post: Http, kind: Kind, target: String) -> Result<Self, Error> {
        events.send(&request("GET", &target, "Accept: text/event-stream\r\n", b"")).await?;
        events.head("200").await?;
        Ok(Caller { kind, requests: Requests::Post(post), answers: Answers::Events(Messages::events(events)), target })
    }

    fn over_polls(poll: Http, post: Http, kind: Kind, target: String) -> Self {
        let poll = Answers::Poll(poll, request("GET", &target, "", b""));
        Caller { kind, requests: Requests::Post(post), answers: poll, target }
    }

    /// A message as this connection sends it.
    pub(crate) fn bytes(&self, message: &[u8]) -> Vec<u8> {
        match self.kind {
            Kind::WebSocket => frame(TEXT, message),
            Kind::Stream => message.to_owned(),
            _ => request("POST", &self.target, "Content-Type: text/plain;charset=UTF-8\r\n", message),
        }
    }

    /// Sends bytes made by [`bytes`](Self::bytes) and waits for one answer with `expected` in it, and for the answer to the
    /// POST.
    pub(crate) async fn call(&mut self, bytes: &[u8], expected: &[u8]) -> Result<(), Error> {
        if let Answers::Poll(http, poll) = &mut self.answers {
            http.send(poll).await?;
        }
        match &mut self.requests {
            Requests::Write(writer) => writer.write_all(bytes).await?,
            Requests::Post(http) => {
                http.send(bytes).await?;
                http.answer(|_empty| ()).await?;
            }
        }
        let mut is_expected = false;
        let look = |answer: &[u8]| is_expected = memmem::find(answer, expected).is_some();
        match &mut self.answers {
            Answers::Messages(messages) => drop(messages.next(look).await?),
            Answers::Events(messages) => drop(messages.next(look).await?),
            Answers::Poll(http, _) => http.answer(look).await?,
            Answers::Post => return Ok(()),
        }
        if is_expected { Ok(()) } else { Err("not the expected answer".into()) }
    }

    /// Sends bytes made by [`bytes`](Self::bytes), for which answers are [listened](Listener::listen) to.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.requests {
            Requests::Write(writer) => Ok(writer.write_all(bytes).await?),
            Requests::Post(_) => Err("nothing is sent here without waiting".into()),
        }
    }

    pub(crate) async fn listen(&mut self) -> Result<usize, Error> {
        self.answers.listen().await
    }

    /// Closes the connection that only POSTs go by, as browsers do after a while.
    pub(crate) fn into_listener(self) -> Listener {
        let writer = match self.requests {
            Requests::Post(_closed) => None,
            Requests::Write(writer) => Some(writer),
        };
        Listener { answers: self.answers, _writer: writer }
    }
}

impl Answers {
    async fn listen(&mut self) -> Result<usize, Error> {
        match self {
            Answers::Messages(messages) => messages.next(|_| ()).await,
            Answers::Events(messages) => messages.next(|_| ()).await,
            Answers::Poll(..) | Answers::Post => Err("nothing is pushed here".into()),
        }
    }
}

/// A connection that calls nothing.
pub(crate) struct Listener {
    answers: Answers,
    _writer: Option<OwnedWriteHalf>,
}

impl Listener {
    /// Waits for messages and says how many have come. Only for transports that push them.
    pub(crate) async fn listen(&mut self) -> Result<usize, Error> {
        self.answers.listen().await
    }
}

/// Negotiates a connection; gives the target of its requests.
async fn negotiate(http: &mut Http, path: &str) -> Result<String, Error> {
    http.send(&request("POST", &format!("{path}/negotiate?negotiateVersion=1"), "", b"")).await?;
    let token = http
        .answer(|body| {
            let body = String::from_utf8_lossy(body);
            let (_, token) = body.split_once("\"connectionToken\":\"")?;
            Some(token.split_once('"')?.0.to_owned())
        })
        .await?;
    Ok(format!("{path}?id={}", token.ok_or("no token was negotiated")?))
}

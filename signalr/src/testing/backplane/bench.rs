//! What the cases work with: the servers of a fleet, and their clients.

use super::AnyFleet;
use super::hub::{SuiteHub, TOLD, To};
use crate::backplane::{Backplane, BackplaneOptions, BackplaneReceiver};
use crate::client::builder::HubConnectionBuilder;
use crate::client::connection::HubConnection;
use crate::clients::handle::HubHandle;
use crate::clients::sent::Receipt;
use crate::hub::Hub;
use crate::hub::context::Context;
use crate::protocol::Protocol;
use crate::protocol::negotiate::new_connection_id;
use crate::server::{HubOptions, SignalR};
use crate::testing::{Recorder, TestLine, TestServer};
use crate::user::User;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long something is waited for that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often something is looked at that nobody tells of.
const LOOK: Duration = Duration::from_millis(10);

/// One case: its fleet, and a name that nobody else uses.
pub(super) struct Bench {
    pub(super) fleet: Arc<dyn AnyFleet>,
    /// What the hub of the case is called on the channels.
    pub(super) name: String,
    /// Whether the engine counts subscribers.
    pub(super) counts: bool,
    servers: AtomicUsize,
    members: AtomicUsize,
    fences: AtomicUsize,
}

/// One server of the fleet.
pub(super) struct Server {
    pub(super) app: SignalR,
    pub(super) test: TestServer<SuiteHub>,
    pub(super) handle: HubHandle<SuiteHub>,
    pub(super) backplane: Arc<dyn Backplane>,
    pub(super) kept: Arc<Mutex<Option<Context<SuiteHub>>>>,
}

/// One client.
pub(super) struct Member {
    pub(super) client: HubConnection,
    pub(super) heard: Recorder,
    pub(super) line: TestLine,
    pub(super) id: String,
}

/// What work gives, which must not take for ever.
#[track_caller]
pub(super) fn soon<T>(what: &str, work: impl Future<Output = T>) -> impl Future<Output = T> {
    super::super::clock::in_time(Some(PATIENCE), move || format!("{what} has not happened"), work)
}

/// Waits until something is so that nobody tells of.
#[track_caller]
pub(super) fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) -> impl Future<Output = ()> {
    soon(what, async move {
        while !is_so().await {
            tokio::time::sleep(LOOK).await;
        }
    })
}

/// What a result holds.
#[track_caller]
pub(super) fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error:?}"),
    }
}

impl Bench {
    pub(super) async fn new(fleet: Arc<dyn AnyFleet>) -> Self {
        let name = format!("Suite {}", ok(new_connection_id()));
        let engine = fleet.server().await;
        assert!(engine.is_connected(), "the backplane of a new server is connected");
        let counts = ok(soon("the counting of subscribers", engine.subscribers(&name)).await).is_some();
        let (servers, members, fences) = Default::default();
        Bench { fleet, name, counts, servers, members, fences }
    }

    /// Another hub of the same fleet.
    pub(super) async fn another(&self, suffix: &str) -> Self {
        let mut other = Bench::new(self.fleet.clone()).await;
        other.name = self.name.clone() + suffix;
        other
    }

    /// A channel for what needs no hub.
    pub(super) fn channel(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// Options for fleets whose servers all answer.
    pub(super) fn options(&self) -> BackplaneOptions {
        // Where nobody knows how many answers there will be, all of this time is waited.
        let answers = if self.counts { PATIENCE } else { Duration::from_secs(1) };
        BackplaneOptions::default().ack_timeout(PATIENCE).answer_timeout(answers)
    }

    /// One more server.
    pub(super) async fn server(&self) -> Server {
        self.server_with(self.options(), HubOptions::default()).await
    }

    pub(super) async fn server_with(&self, fleet: BackplaneOptions, options: HubOptions) -> Server {
        let (backplane, kept) = (self.fleet.server().await, Arc::default());
        let value = SuiteHub { kept: Arc::clone(&kept) };
        let hub = if self.servers.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            Hub::new("Suite", value)
        } else {
            // Connections of such a hub begin in another way.
            Hub::per_connection("Suite", move |_ctx| std::future::ready(Ok(SuiteHub { kept: value.kept.clone() })))
        };
        let hub = hub.channel_name(&*self.name);
        let app =
            SignalR::builder().options(options).hub("/suite", &hub).backplane_with(backplane.clone(), fleet).build();
        let test = TestServer::from(app.server(&hub)).time_limit(PATIENCE);
        let server = Server { app, test, handle: hub.handle(), backplane, kept };
        self.caught_up(&server).await;
        server
    }

    /// Waits until all that a server has subscribed to is in force, as what it subscribes to afterwards is.
    pub(super) async fn caught_up(&self, server: &Server) {
        let nobody = Arc::new(BackplaneReceiver::new(|_, _| {}));
        let channel = self.channel("caught up");
        ok(soon("a subscription", server.backplane.subscribe(&channel, &nobody)).await);
        server.backplane.unsubscribe(&channel, &nobody);
    }

    /// So many servers.
    pub(super) async fn servers<const COUNT: usize>(&self) -> [Server; COUNT] {
        let mut servers = Vec::new();
        for _ in 0..COUNT {
            servers.push(self.server().await);
        }
        let Ok(servers) = servers.try_into() else { panic!("there are {COUNT}") };
        servers
    }

    /// The protocol of one more client: each in its turn.
    fn protocol(&self) -> Protocol {
        let nth = self.members.fetch_add(1, Ordering::Relaxed);
        Protocol::ALL[nth % Protocol::ALL.len()]
    }

    /// One more client of a server.
    pub(super) async fn member(&self, server: &Server) -> Member {
        self.member_over(server.test.line()).await
    }

    /// One more client of a server, as a user.
    pub(super) async fn user(&self, server: &Server, name: &str) -> Member {
        self.member_over(server.test.line().user(User::new(name))).await
    }

    pub(super) async fn member_over(&self, line: TestLine) -> Member {
        self.member_with(line, |builder| builder).await
    }

    pub(super) async fn member_with(
        &self,
        line: TestLine,
        change: impl FnOnce(HubConnectionBuilder<HubConnection>) -> HubConnectionBuilder<HubConnection>,
    ) -> Member {
        let heard = Recorder::new().time_limit(PATIENCE);
        let builder = line.client().protocol(self.protocol()).record(&heard);
        let client = ok(change(builder).connect().await);
        let Some(id) = client.connection_id() else { panic!("a client knows its id") };
        Member { client, heard, line, id }
    }

    /// Checks that each member is told a text as often as the number beside it says, and nothing else: what could still come
    /// would come before what `sender` tells all afterwards.
    pub(super) async fn hear(&self, sender: &Server, members: &[(&Member, usize)], text: &str) {
        let mut all = Vec::with_capacity(members.len());
        for (member, times) in members {
            for _ in 0..*times {
                assert_eq!(member.heard.next::<(String,)>(TOLD).await.0, text);
            }
            all.push(*member);
        }
        self.fence(sender, &all).await;
    }

    /// Waits until everything has arrived that `sender` has sent to these members, and checks that nothing is left.
    pub(super) async fn fence(&self, sender: &Server, members: &[&Member]) {
        const FENCE: &str = "Fence";
        let number = self.fences.fetch_add(1, Ordering::Relaxed);
        let receipt = sender.handle.all().send(FENCE, (number,)).await;
        assert_eq!(receipt.error, None);
        for member in members {
            assert_eq!(member.heard.next::<(usize,)>(FENCE).await.0, number);
            member.heard.assert_none();
        }
    }
}

impl Server {
    /// Checks that nothing is awaited from other servers any more.
    #[track_caller]
    pub(super) fn awaits_nothing(&self) {
        assert_eq!(self.test.core().node().map(|node| node.awaited()), Some(0), "something is still awaited");
    }

    /// Tells a text, and waits until the engine has it.
    pub(super) async fn tell(&self, to: &To, text: &str) -> Receipt {
        let receipt = soon("the receipt of a send", to.tell(&self.handle, text).into_future()).await;
        assert_eq!(receipt.error, None, "{to:?}");
        receipt
    }
}

impl Member {
    /// Has the hub tell a text.
    pub(super) async fn tell(&self, to: &To, text: &str) {
        ok(soon("a call of the hub", self.client.invoke::<()>("Tell", (to, text)).into_future()).await);
    }

    /// Joins a group, and waits until all servers' sends to it reach this.
    pub(super) async fn join(&self, group: &str) {
        assert!(ok(soon("joining", self.client.invoke::<bool>("Join", (group,)).into_future()).await));
    }

    pub(super) async fn leave(&self, group: &str) {
        ok(soon("leaving", self.client.invoke::<()>("Leave", (group,)).into_future()).await);
    }
}

//! The steps that were recorded from two servers of ASP.NET Core, with the same class of hub.

use crate::recorded::{Record, Recorded, hex};
use signalr::testing::{TestLine, TestServer};
use signalr::{
    ChangeError, ClientError, ClientResultError, CloseReason, Context, Hub, HubConnection, HubError, MemoryBackplane,
    SignalR, User, hub, receiver,
};

#[receiver]
trait Client {
    async fn receive(&self, message: String);
    async fn gone(&self, id: String, reason: Option<String>);
    async fn answer(&self, question: String) -> String;
}

struct Conformance;

#[hub(receiver = Client)]
impl Conformance {
    async fn on_disconnected(&self, ctx: Context<Self>, _reason: CloseReason) {
        ctx.clients().group("watchers").gone(ctx.connection_id(), None::<String>).await;
    }

    async fn join(&self, ctx: Context<Self>, group: String) -> Result<(), HubError> {
        ctx.join(group)?.await?;
        Ok(())
    }

    fn leave(&self, ctx: Context<Self>, group: String) {
        ctx.leave(group);
    }

    async fn add(&self, ctx: Context<Self>, id: String, group: String) -> Result<bool, HubError> {
        Ok(ctx.groups().add(id, group)?.await?)
    }

    async fn all(&self, ctx: Context<Self>) {
        ctx.clients().all().receive("x").await;
    }

    async fn except(&self, ctx: Context<Self>, id: String) {
        ctx.clients().all_except([id]).receive("x").await;
    }

    async fn others(&self, ctx: Context<Self>) {
        ctx.clients().others().receive("x").await;
    }

    async fn group(&self, ctx: Context<Self>, group: String) {
        ctx.clients().group(group).receive("x").await;
    }

    async fn group_except(&self, ctx: Context<Self>, group: String, id: String) {
        ctx.clients().group_except(group, [id]).receive("x").await;
    }

    async fn groups(&self, ctx: Context<Self>, groups: Vec<String>) {
        ctx.clients().groups(groups).receive("x").await;
    }

    async fn client(&self, ctx: Context<Self>, id: String) {
        ctx.clients().client(id).receive("x").await;
    }

    async fn clients(&self, ctx: Context<Self>, ids: Vec<String>) {
        ctx.clients().clients(ids).receive("x").await;
    }

    async fn user(&self, ctx: Context<Self>, user: String) {
        ctx.clients().user(user).receive("x").await;
    }

    async fn ask(&self, ctx: Context<Self>, id: String, question: String) -> Result<String, HubError> {
        match ctx.clients().client(id).answer(question).await {
            Ok(answer) => Ok(answer),
            Err(ClientResultError::Client(error)) => Ok(format!("error: {error}")),
            Err(error) => Ok(format!("failed: {error}")),
        }
    }
}

/// What the payload of a call of `Receive` with the one argument `x` holds after the excluded connections.
const RECEIVE_X: &str = "82a46a736f6ec4307b2274797065223a312c22746172676574223a2252656365697665222c22617267756d656e7473223a5b2278225d\
                         7d1eab6d6573736167657061636bc41110960180c0a75265636569766591a17890";

struct Fleet {
    record: Record,
    servers: [TestServer<Conformance>; 2],
}

impl Fleet {
    fn new() -> Self {
        let (record, engine) = (Record::default(), MemoryBackplane::new());
        let servers = [(); 2].map(|()| {
            let backplane = Recorded { record: record.clone(), engine: engine.clone() };
            let hub = Hub::new("Conformance", Conformance).channel_name("ConformanceHub");
            let app = SignalR::builder().hub("/chat", &hub).backplane(backplane).build();
            TestServer::from(app.server(&hub))
        });
        Fleet { record, servers }
    }
}

/// A client, and its line, which knows its id.
async fn connect(line: &TestLine) -> Result<(HubConnection, String), ClientError> {
    let client: HubConnection = line.client().build();
    client.on("Answer", async |question: String| match question.as_str() {
        "err" => Err(HubError::public("no")),
        _ => Ok(format!("{question}!")),
    });
    client.start().await?;
    let id = line.connection_id().expect("connected");
    Ok((client, id))
}

/// The call of a method, with the lines that it makes.
macro_rules! told {
    ($fleet:expr, $client:expr, $method:literal, $arguments:expr) => {{
        $client.invoke::<signalr::Value>($method, $arguments).await?;
        $fleet.record.take()
    }};
}

#[tokio::test]
async fn each_step_says_what_was_recorded() -> Result<(), ClientError> {
    let fleet = Fleet::new();
    let began = fleet.record.take();
    for channel in ["all", "internal:groups"] {
        let line = format!("subscribe ConformanceHub:{channel}");
        assert_eq!(began.iter().filter(|known| **known == line).count(), 2, "{began:?}");
    }
    let servers: Vec<&str> =
        began.iter().filter_map(|line| line.strip_prefix("subscribe ConformanceHub:internal:ack:")).collect();
    let [server, _] = servers[..] else { panic!("{began:?}") };
    assert!(began.contains(&format!("subscribe ConformanceHub:internal:return:{server}")));
    let (name, random) = server.rsplit_once('_').expect("a name and a number");
    assert!(!name.is_empty() && random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{server}");

    let lines = [fleet.servers[0].line().user(User::new("ann")), fleet.servers[1].line()];
    let (a, a_id) = connect(&lines[0]).await?;
    let mut subscribed = fleet.record.take();
    subscribed.sort();
    assert_eq!(
        subscribed,
        [format!("subscribe ConformanceHub:connection:{a_id}"), "subscribe ConformanceHub:user:ann".to_owned()]
    );
    let (b, b_id) = connect(&lines[1]).await?;
    assert_eq!(fleet.record.take(), [format!("subscribe ConformanceHub:connection:{b_id}")]);

    let to = |channel: &str, excluded: &str| format!("publish ConformanceHub:{channel} 92{excluded}{RECEIVE_X}");
    let without = |id: &str| format!("91b6{}", hex(id.as_bytes()));
    let nobody = "90";
    assert_eq!(told!(fleet, a, "All", ()), [to("all", nobody)]);
    assert_eq!(told!(fleet, a, "Except", (&b_id,)), [to("all", &without(&b_id))]);
    assert_eq!(told!(fleet, a, "Others", ()), [to("all", &without(&a_id))]);
    assert_eq!(told!(fleet, a, "Join", ("g",)), ["subscribe ConformanceHub:group:g"]);
    assert_eq!(told!(fleet, b, "Join", ("g",)), ["subscribe ConformanceHub:group:g"]);
    assert_eq!(told!(fleet, a, "Group", ("g",)), [to("group:g", nobody)]);
    assert_eq!(told!(fleet, a, "GroupExcept", ("g", &b_id)), [to("group:g", &without(&b_id))]);
    assert_eq!(told!(fleet, a, "Groups", (["g", "h", ""],)), [to("group:g", nobody), to("group:h", nobody)]);
    assert_eq!(told!(fleet, a, "Leave", ("g",)), ["unsubscribe ConformanceHub:group:g"]);

    let added = told!(fleet, a, "Add", (&b_id, "k"));
    let [command, subscribed, acknowledged] = &added[..] else { panic!("{added:?}") };
    let length = u8::try_from(server.len()).expect("a short name");
    let texts = |id: &str| format!("d9{length:02x}{}01a16bb6{}", hex(server.as_bytes()), hex(id.as_bytes()));
    assert_eq!(*command, format!("publish ConformanceHub:internal:groups 9501{}", texts(&b_id)));
    assert_eq!(subscribed, "subscribe ConformanceHub:group:k");
    assert_eq!(*acknowledged, format!("publish ConformanceHub:internal:ack:{server} 9101"));

    assert_eq!(told!(fleet, a, "Client", (&b_id,)), [to(&format!("connection:{b_id}"), nobody)]);
    assert_eq!(told!(fleet, a, "Client", (&a_id,)), Vec::<String>::new(), "it is this server's own");
    let both = [&a_id, &b_id].map(|id| to(&format!("connection:{id}"), nobody));
    assert_eq!(told!(fleet, a, "Clients", ([&a_id, &b_id],)), both);
    assert_eq!(told!(fleet, b, "User", ("ann",)), [to("user:ann", nobody)]);

    b.stop().await;
    lines[1].ended().await;
    fleet.servers[1].wait_for_connections(0).await;
    let mut gone = fleet.record.take();
    assert!(gone.iter().any(|line| line.starts_with("publish ConformanceHub:group:watchers 9290")), "{gone:?}");
    gone.retain(|line| line.starts_with("unsubscribe"));
    gone.sort();
    let channels = [format!("connection:{b_id}"), "group:g".to_owned(), "group:k".to_owned()];
    assert_eq!(gone, channels.map(|channel| format!("unsubscribe ConformanceHub:{channel}")));
    Ok(())
}

#[tokio::test]
async fn a_question_to_a_client_of_the_other_server_says_what_was_recorded() -> Result<(), ClientError> {
    let fleet = Fleet::new();
    let lines = [fleet.servers[0].line(), fleet.servers[1].line()];
    let (a, _) = connect(&lines[0]).await?;
    let (_b, b_id) = connect(&lines[1]).await?;
    for (question, answer, completion) in [
        ("why", "why!", r#""result":"why!""#),
        (
            "err",
            "error: An unexpected error occurred invoking 'Answer' on the client. HubException: no",
            r#""error":"An unexpected error occurred invoking 'Answer' on the client. HubException: no""#,
        ),
    ] {
        fleet.record.take();
        assert_eq!(a.invoke::<String>("Ask", (&b_id, question)).await?, answer);
        let told = fleet.record.take();
        let [asked, answered] = &told[..] else { panic!("{told:?}") };
        let asked =
            asked.strip_prefix(&format!("publish ConformanceHub:connection:{b_id} 949082a46a736f6ec459")).expect(asked);
        // The id is random; everything around it is not.
        let json = |id: &str| {
            let json = format!(
                "{{\"type\":1,\"invocationId\":\"{id}\",\"target\":\"Answer\",\"arguments\":[\"{question}\"]}}\u{1e}"
            );
            hex(json.as_bytes())
        };
        let before = r#"{"type":1,"invocationId":""#.len() * 2;
        let id = String::from_utf8(bytes(&asked[before..before + 44])).expect("text");
        let id_hex = hex(id.as_bytes());
        assert!(asked.starts_with(&json(&id)), "{asked}");
        let packed = format!(
            "ab6d6573736167657061636bc42827960180b6{id_hex}a6416e7377657291a3{}90b6{id_hex}",
            hex(question.as_bytes())
        );
        let rest = asked[json(&id).len()..].strip_prefix(&packed).expect(asked);
        let length = u8::from_str_radix(&rest[2..4], 16).expect("a length");
        let returns = String::from_utf8(bytes(&rest[4..])).expect("text");
        assert_eq!((&rest[..2], usize::from(length)), ("d9", returns.len()));
        assert!(returns.starts_with("ConformanceHub:internal:return:"), "{returns}");
        let completion = format!("{{\"type\":3,\"invocationId\":\"{id}\",{completion}}}\u{1e}");
        let length = completion.len();
        assert_eq!(*answered, format!("publish {returns} 92a46a736f6ec4{length:02x}{}", hex(completion.as_bytes())));
    }
    assert_eq!(a.invoke::<String>("Ask", ("nobody", "why")).await?, "failed: Connection 'nobody' does not exist.");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_id_that_no_server_knows_costs_a_clear_error_after_a_bounded_time() {
    let fleet = Fleet::new();
    let handle = fleet.servers[0].handle();
    let error = handle.add_to_group("nobody", "g").expect("no limit").await.unwrap_err();
    assert!(matches!(&error, ChangeError::NoAnswer { connection, .. } if connection == "nobody"), "{error}");
    // All servers are of this crate, and each has answered.
    assert_eq!(handle.close("nobody", "why").await, Ok(false));
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

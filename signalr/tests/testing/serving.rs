//! The server, its clients, and what it knows of them.

use crate::support::{Desk, DeskHubClient, hub};
use futures_util::{FutureExt, TryStreamExt};
use signalr::protocol::Protocol;
use signalr::testing::{Recorder, TestLine, TestServer, settle};
use signalr::{
    ClientError, CloseReason, ConnectionState, Hub, HubConnection, HubOptions, Limits, Naming, RetryPolicy, SignalR,
    User, hub,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn clients_call_the_hub_in_every_protocol() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        let server = TestServer::new(&hub()).protocol(protocol);
        let typed: DeskHubClient = server.connect().await?;
        assert_eq!(typed.echo("hi").await?, "hi");
        let numbers: Vec<u32> = typed.count(3).await?.try_collect().await?;
        assert_eq!(numbers, [0, 1, 2]);
        let untyped: HubConnection = server.connect().await?;
        assert_eq!(untyped.invoke::<String>("Echo", ("ho",)).await?, "ho");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn hubs_see_who_comes_over_a_line() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let user = User::new("ann").with_claim("role", "editor");
    let line = server.line().user(user).query("a=1&name=Ann%20B").header("x-trace", "7").extension(3_u32);
    let ann: DeskHubClient = line.connect().await?;
    let known = ["editor", "Ann B", "7", "3"].map(|text| Some(text.to_owned()));
    assert_eq!(ann.who().await?, known);
    let nobody: DeskHubClient = server.connect().await?;
    assert_eq!(nobody.who().await?, [None, None, None, None]);

    let heard = Recorder::new();
    let _bob: HubConnection = server.client().record(&heard).connect().await?;
    ann.say("hi").await?;
    assert_eq!(heard.next::<(String, String)>("Said").await, ("ann".to_owned(), "hi".to_owned()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_lets_nobody_in_is_not_waited_for_for_ever() {
    let desk = Desk { waits_for: Some(Arc::default()), ..Desk::default() };
    let server = TestServer::new(&Hub::new("Desk", desk)).time_limit(Duration::from_secs(5));
    let error = server.connect::<HubConnection>().await.unwrap_err();
    assert!(error.to_string().contains("`on_connected` of the hub has not ended within 5s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_when_the_hub_has_let_it_in() -> Result<(), ClientError> {
    let go_on = Arc::new(Notify::new());
    let server = TestServer::new(&Hub::new("Desk", Desk { waits_for: Some(go_on.clone()), ..Desk::default() }));
    let client: HubConnection = server.client().build();
    let mut start = Box::pin(client.start());
    assert!((&mut start).now_or_never().is_none());
    settle().await;
    assert_eq!((server.connections(), client.state()), (0, ConnectionState::Connecting));
    go_on.notify_one();
    start.await?;
    assert_eq!((server.connections(), client.state()), (1, ConnectionState::Connected));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_the_hub_refuses_is_not_connected() {
    let server = TestServer::new(&Hub::new("Desk", Desk { refuses: true, ..Desk::default() }));
    let line = server.line();
    let error = line.connect::<HubConnection>().await.unwrap_err();
    assert!(matches!(&error, ClientError::Closed(Some(text)) if text.contains("closed today")), "{error:?}");
    assert!(matches!(line.ended().await, CloseReason::ServerError(_)));
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_server_is_asked_who_is_there_and_why_they_left() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let lines = [server.line(), server.line()];
    let ann: HubConnection = lines[0].connect().await?;
    let bob: HubConnection = lines[1].connect().await?;
    assert_eq!(server.connections(), 2);
    assert_eq!(server.handle().connections(), 2);
    assert_eq!(ann.connection_id(), lines[0].connection_id());
    ann.stop().await;
    assert_eq!(lines[0].ended().await, CloseReason::ClientClosed);
    server.wait_for_connections(1).await;
    assert!(server.handle().close(lines[1].connection_id().unwrap(), "good night").is_here());
    assert_eq!(lines[1].ended().await, CloseReason::Kicked("good night".to_owned()));
    bob.wait_for(ConnectionState::Disconnected).await;
    server.wait_for_connections(0).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn on_several_threads_it_works_the_same() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let told = Recorder::new();
    let lines: Vec<_> = (0..20).map(|_| server.line()).collect();
    let connecting = lines.iter().map(|line| line.client::<DeskHubClient>().record(&told).connect());
    let clients = futures_util::future::try_join_all(connecting).await?;
    assert_eq!(server.connections(), 20);
    clients[0].say("hi").await?;
    for _ in 0..20 {
        assert_eq!(told.next::<(String, String)>("Said").await.1, "hi");
    }
    lines.iter().for_each(TestLine::cut);
    server.wait_for_connections(0).await;
    for line in &lines {
        assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_client_leaves() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let ann: DeskHubClient = server.connect().await?;
    drop(ann);
    server.wait_for_connections(0).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "there are 0 connections instead of 7 within 5s, which signalr/tests/testing/serving.rs:")]
async fn what_does_not_come_is_a_clear_failure() {
    TestServer::new(&hub()).time_limit(Duration::from_secs(5)).wait_for_connections(7).await;
}

#[tokio::test]
#[should_panic(expected = "needs a paused clock")]
async fn settling_needs_a_paused_clock() {
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_settled_has_arrived() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let heard = Recorder::new();
    let _bob: HubConnection = server.client().record(&heard).connect().await?;
    for number in 0..1000 {
        server.handle().all().said("", number.to_string());
    }
    assert!(heard.is_empty());
    settle().await;
    assert_eq!(heard.len(), 1000);
    Ok(())
}

#[tokio::test]
async fn the_options_are_those_of_the_server() {
    let options = HubOptions::default().limits(Limits::default().maximum_message_size(100));
    let server = TestServer::with_options(&hub(), &options).unwrap();
    let line = server.line();
    let ann: DeskHubClient = line.connect().await.unwrap();
    assert!(ann.echo("x".repeat(1000)).await.is_err());
    assert!(matches!(line.ended().await, CloseReason::TooLarge(_)));
    let broken = HubOptions::default().keep_alive_interval(Duration::ZERO);
    assert!(TestServer::with_options(&hub(), &broken).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_mounted_hub_is_tested_as_it_is_mounted() -> Result<(), ClientError> {
    let hub = hub();
    let hubs = SignalR::builder().hub("/desk", &hub).build();
    let server = TestServer::from(hubs.server(&hub));
    let line = server.line();
    let ann: HubConnection = line.client().reconnect(RetryPolicy::never()).connect().await?;
    let (report, reason) = tokio::join!(hubs.shutdown(), line.ended());
    assert_eq!((report.connections, report.cut, reason), (1, 0, CloseReason::Drained));
    ann.wait_for(ConnectionState::Disconnected).await;
    Ok(())
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Player {
    user_name: String,
}

struct Game;

#[hub(client)]
impl Game {
    fn rename(&self, player: Player) -> Player {
        Player { user_name: player.user_name.to_uppercase() }
    }
}

#[tokio::test]
async fn clients_name_members_as_the_hub_does() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        let server = TestServer::new(&Hub::new("Game", Game).naming(Naming::DotNet)).protocol(protocol);
        let game: GameHubClient = server.connect().await?;
        assert_eq!(game.rename(Player { user_name: "ann".to_owned() }).await?.user_name, "ANN");
        let wire: signalr::Value = game.as_ref().invoke("Rename", (Player { user_name: "bob".to_owned() },)).await?;
        assert!(format!("{wire:?}").to_lowercase().contains("username"), "{wire:?}");
    }
    Ok(())
}

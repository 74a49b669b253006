//! Each fault does what it says.

use crate::support::{DeskHubClient, hub};
use futures_util::{FutureExt, TryStreamExt};
use signalr::protocol::Protocol;
use signalr::testing::{Recorder, TestLine, TestServer, settle};
use signalr::{
    ClientError, CloseReason, ConnectError, ConnectionState, HubConnection, HubOptions, Limits, RetryPolicy,
};
use std::time::Duration;
use tokio::time::Instant;

/// Calls, callbacks and streams all work.
async fn works(client: &DeskHubClient, told: &Recorder) -> Result<(), ClientError> {
    assert_eq!(client.echo("hé").await?, "hé");
    client.say("hi").await?;
    assert_eq!(told.next::<(String, String)>("Said").await.1, "hi");
    let numbers: Vec<u32> = client.count(50).await?.try_collect().await?;
    assert!(numbers.into_iter().eq(0..50));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_in_whatever_pieces() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        for bytes in [1, 2, 3, 7, 64] {
            let line = TestServer::new(&hub()).protocol(protocol).line();
            line.split_every(bytes);
            let told = Recorder::new();
            let client = line.client().record(&told).connect().await?;
            works(&client, &told).await?;
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_split_at_any_byte() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        let server = TestServer::new(&hub()).protocol(protocol);
        let told = Recorder::new();
        let mut clients = Vec::new();
        for bytes in 1..120 {
            let line = server.line();
            line.split_at(bytes);
            let client: DeskHubClient = line.client().record(&told).connect().await?;
            assert_eq!(client.echo("hi").await?, "hi");
            line.split_at(bytes);
            assert_eq!(client.echo("a text of some length").await?, "a text of some length");
            clients.push(client);
        }
        settle().await;
        told.assert_none();
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cut_is_found_by_both_ends_at_once() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let line = server.line();
    let client: HubConnection = line.connect().await?;
    let mut call = client.invoke::<String>("Echo", ("lost",)).into_future();
    assert!((&mut call).now_or_never().is_none());
    let start = Instant::now();
    line.cut();
    assert_eq!(line.ended().await, CloseReason::TransportLost("the test has cut the line".to_owned()));
    assert!(matches!(call.await, Err(ClientError::ConnectionLost(text)) if text.contains("cut the line")));
    client.wait_for(ConnectionState::Disconnected).await;
    assert_eq!((server.connections(), start.elapsed()), (0, Duration::ZERO));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_comes_back_after_each_cut() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let line = server.line();
    let client: DeskHubClient = line.client().reconnect(RetryPolicy::forever()).connect().await?;
    let mut ids = vec![line.connection_id()];
    for _ in 0..10 {
        line.cut();
        client.as_ref().wait_for(ConnectionState::Reconnecting).await;
        client.as_ref().wait_for(ConnectionState::Connected).await;
        assert_eq!(client.echo("again").await?, "again");
        assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
        assert_eq!(client.as_ref().connection_id(), line.connection_id());
        ids.push(line.connection_id());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 11);
    server.wait_for_connections(1).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_through_while_it_is_down() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let line = server.line();
    line.down();
    let error = line.connect::<HubConnection>().await.unwrap_err();
    assert!(matches!(&error, ClientError::Connect(ConnectError::Transport(text)) if text.contains("down")), "{error}");
    line.up();
    let client: HubConnection = line.client().reconnect(RetryPolicy::forever()).connect().await?;
    line.down();
    client.wait_for(ConnectionState::Reconnecting).await;
    server.wait_for_connections(0).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(client.state(), ConnectionState::Reconnecting);
    line.up();
    client.wait_for(ConnectionState::Connected).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_stalled_arrives_later() -> Result<(), ClientError> {
    let line = TestServer::new(&hub()).line();
    let told = Recorder::new();
    let client: DeskHubClient = line.client().record(&told).connect().await?;
    for stall in [TestLine::stall, TestLine::stall_to_server, TestLine::stall_to_client] {
        stall(&line);
        let mut call = client.say("hi").into_future();
        for _ in 0..5 {
            assert!((&mut call).now_or_never().is_none());
            settle().await;
        }
        told.assert_none();
        line.resume();
        call.await?;
        assert_eq!(told.next::<(String, String)>("Said").await.1, "hi");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn both_ends_give_a_stalled_connection_up() -> Result<(), ClientError> {
    let options = HubOptions::default().client_timeout(Duration::from_secs(40));
    let line = TestServer::with_options(&hub(), &options).unwrap().line();
    let client: HubConnection = line.client().server_timeout(Duration::from_secs(20)).connect().await?;
    // It goes on for as long as both ends ping.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(client.state(), ConnectionState::Connected);
    line.stall();
    let start = Instant::now();
    client.wait_for(ConnectionState::Disconnected).await;
    assert!(start.elapsed() <= Duration::from_secs(25), "{:?}", start.elapsed());
    assert_eq!(line.ended().await, CloseReason::Timeout);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected_and_nobody_else() -> Result<(), ClientError> {
    let options = HubOptions::default().limits(Limits::default().outbound_capacity(100_000));
    let server = TestServer::with_options(&hub(), &options).unwrap();
    let heard = Recorder::new();
    let ann: DeskHubClient = server.client().record(&heard).connect().await?;
    let line = server.line();
    let _bob: HubConnection = line.connect().await?;
    line.stall_to_client();
    let text = "x".repeat(10_000);
    let mut sent = 0;
    while server.handle().connections() == 2 {
        ann.tell_others(&text).await?;
        sent += text.len();
    }
    // The buffer of the server is full, what its session holds back, and the line itself.
    assert!((100_000..300_000).contains(&sent), "{sent}");
    assert_eq!(line.ended().await, CloseReason::SlowConsumer);
    heard.assert_none();
    assert_eq!(ann.echo("hi").await?, "hi");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_so_much_in_a_time() -> Result<(), ClientError> {
    let line = TestServer::new(&hub()).line();
    let client: DeskHubClient = line.connect().await?;
    line.slow_to_client(100, Duration::from_secs(1));
    let start = Instant::now();
    let text = "x".repeat(1000);
    assert_eq!(client.echo(&text).await?, text);
    assert!((Duration::from_secs(10)..Duration::from_secs(12)).contains(&start.elapsed()), "{:?}", start.elapsed());
    line.slow(100, Duration::from_secs(1));
    let start = Instant::now();
    assert_eq!(client.echo(&text).await?, text);
    assert!((Duration::from_secs(20)..Duration::from_secs(24)).contains(&start.elapsed()), "{:?}", start.elapsed());
    line.repair();
    let start = Instant::now();
    assert_eq!(client.echo(&text).await?, text);
    assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_line_holds_what_it_can_carry() -> Result<(), ClientError> {
    for (bytes, ends) in [(10_000, true), (1_000_000, false)] {
        let options = HubOptions::default().limits(Limits::default().outbound_capacity(50_000));
        let server = TestServer::with_options(&hub(), &options).unwrap();
        let line = server.line();
        line.capacity(bytes);
        let _bob: HubConnection = line.connect().await?;
        line.stall_to_client();
        for _ in 0..50 {
            server.handle().all().said("", "x".repeat(10_000));
            settle().await;
        }
        assert_eq!(server.handle().connections() == 0, ends);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_call_ends_however_often_it_is_cut() -> Result<(), ClientError> {
    let server = TestServer::new(&hub());
    let line = server.line();
    line.slow(50, Duration::from_millis(1));
    let builder = line.client().reconnect(RetryPolicy::forever());
    let client: DeskHubClient = builder.connect().await?;
    let (mut answered, mut lost) = (0, 0);
    for number in 0..300_u64 {
        let call = client.echo(number.to_string()).into_future();
        let cutting = async {
            tokio::time::sleep(Duration::from_millis(number % 7)).await;
            line.cut();
        };
        match tokio::join!(call, cutting).0 {
            Ok(text) => {
                assert_eq!(text, number.to_string());
                answered += 1;
            }
            Err(ClientError::ConnectionLost(_) | ClientError::NotConnected) => lost += 1,
            Err(other) => panic!("{other:?}"),
        }
        client.as_ref().wait_for(ConnectionState::Connected).await;
        server.wait_for_connections(1).await;
    }
    assert!(answered > 50 && lost > 50, "{answered} were answered, {lost} lost");
    Ok(())
}

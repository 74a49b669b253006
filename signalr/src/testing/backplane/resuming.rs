//! Stateful reconnect: what comes by way of the backplane is counted and replayed.

use super::bench::{Bench, Server, ok, soon};
use super::hub::{ASKED, TOLD, To};
use crate::client::retry::RetryPolicy;
use crate::server::HubOptions;

async fn servers(bench: &Bench) -> [Server; 2] {
    let options = || HubOptions::default().allow_stateful_reconnects(true);
    [bench.server_with(bench.options(), options()).await, bench.server_with(bench.options(), options()).await]
}

pub(super) async fn nothing_is_lost_or_repeated_over_cuts(bench: Bench) {
    const COUNT: usize = 300;
    let [a, b] = servers(&bench).await;
    for _ in 0..2 {
        // Each protocol in its turn.
        let member = bench
            .member_with(b.test.line(), |builder| builder.reconnect(RetryPolicy::forever()).stateful_reconnect(100_000))
            .await;
        member.join("g").await;
        let targets = [To::all(), To::group("g"), To::client(&member.id)];
        for number in 0..COUNT {
            a.tell(&targets[number % 3], &number.to_string()).await;
            if number % 25 == 7 {
                member.line.cut();
            }
        }
        // In the order of each target.
        let mut told: Vec<usize> = Vec::with_capacity(COUNT);
        for _ in 0..COUNT {
            told.push(ok(member.heard.next::<(String,)>(TOLD).await.0.parse()));
        }
        for target in 0..3 {
            let of_target: Vec<usize> = told.iter().copied().filter(|number| number % 3 == target).collect();
            assert!(of_target.into_iter().eq((target..COUNT).step_by(3)), "{told:?}");
        }
        bench.fence(&a, &[&member]).await;
        assert_eq!(member.line.connection_id().as_deref(), Some(&*member.id), "it is the same connection");
        member.client.stop().await;
        b.test.wait_for_connections(0).await;
    }
}

pub(super) async fn questions_outlive_cuts(bench: Bench) {
    let [a, b] = servers(&bench).await;
    let member = bench
        .member_with(b.test.line(), |builder| builder.reconnect(RetryPolicy::forever()).stateful_reconnect(100_000))
        .await;
    let _ = member.heard.clone().answer(ASKED, |number: u32| number + 1);
    for number in 0..40_u32 {
        let asked = a.handle.client(&member.id).invoke::<u32>(ASKED, (number,));
        if number % 4 == 1 {
            member.line.cut();
        }
        assert_eq!(soon("an answer", asked.into_future()).await, Ok(number + 1));
        assert_eq!(member.heard.next::<(u32,)>(ASKED).await.0, number);
    }
    bench.fence(&a, &[&member]).await;
}

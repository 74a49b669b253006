//! Sessions whose user's authentication ends.

use super::*;
use crate::session::owner::{Identity, Owner};
use crate::user::User;
use std::time::SystemTime;

const CLOSED: &str = r#"{"type":7,"allowReconnect":true}"#;

fn user(seconds: u64) -> User {
    User::new("ann").with_expiry(SystemTime::now() + Duration::from_secs(seconds))
}

fn connect(user: User, ends: bool) -> (Client, Arc<Owner>, Instant) {
    let owner = Owner::new("id", Identity::default(), Some(user));
    let client = Client::connect_with(settings(), |session| session.look_after(owner.clone(), ends)).0;
    (client, owner, Instant::now())
}

/// Waits for the end, and returns its reason and the seconds until then.
async fn end(mut client: Client, begin: Instant) -> (CloseReason, u64) {
    while client.next().await.expect("a Close message") != CLOSED {}
    // The system's clock has gone on a little while the test's stood still.
    let seconds = (begin.elapsed() + Duration::from_millis(500)).as_secs();
    (client.reason().await, seconds)
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_when_the_authentication_expires() {
    for seconds in [0, 7, 40] {
        let (client, _caller, begin) = connect(user(seconds), true);
        assert_eq!(end(client, begin).await, (CloseReason::AuthenticationExpired, seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn it_comes_not_where_it_is_not_asked_for() {
    let (mut client, _caller, begin) = connect(user(1), false);
    assert_eq!(client.next().await.as_deref(), Some(PING));
    assert_eq!(begin.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn renewed_authentication_puts_it_off_and_older_one_changes_nothing() {
    let (client, owner, begin) = connect(user(10), true);
    tokio::time::sleep(Duration::from_secs(5)).await;
    owner.refresh(Identity::default(), Some(user(50)));
    owner.refresh(Identity::default(), Some(user(1)));
    assert_eq!(end(client, begin).await, (CloseReason::AuthenticationExpired, 55));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_authenticated_for_a_shorter_time_is_out_earlier() {
    let (client, owner, begin) = connect(User::new("ann"), true);
    tokio::time::sleep(Duration::from_secs(3)).await;
    owner.follow(Some(&user(4)));
    assert_eq!(end(client, begin).await, (CloseReason::AuthenticationExpired, 7));
}

/// Takes its time to hear of a renewal.
struct Slow {
    inner: TestService,
    /// How many times it was told.
    told: Arc<Mutex<usize>>,
}

impl Service for Slow {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        None
    }

    fn invoke(&mut self, invocation: &Invocation<'_>, uploads: Vec<UploadHandle>, cancelled: bool) -> Option<Call> {
        self.inner.invoke(invocation, uploads, cancelled)
    }

    fn refreshed(&mut self) -> Option<BoxFuture<()>> {
        *self.told.lock().unwrap() += 1;
        let release = self.inner.release.clone();
        Some(Box::pin(async move { release.notified().await }))
    }

    fn unreachable(&mut self) {}

    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        self.inner.disconnected(reason)
    }
}

#[tokio::test(start_paused = true)]
async fn renewals_do_not_pile_up_before_a_hub_that_takes_its_time() {
    let owner = Owner::new("id", Identity::default(), Some(user(1000)));
    let told = Arc::new(Mutex::new(0));
    let release = Arc::new(Notify::new());
    let (mut client, ()) = Client::connect_with(settings(), |session| {
        let inner = TestService { peer: session.peer.clone(), release: release.clone(), ended: Arc::default() };
        session.service = Box::new(Slow { inner, told: told.clone() });
        session.look_after(owner.clone(), false);
    });
    for seconds in 0..20 {
        owner.refresh(Identity::default(), Some(user(2000 + seconds)));
        client.send(&[&call(1, "Echo")]).await;
        assert_eq!(client.next().await, result(1, "x"));
    }
    assert_eq!(*told.lock().unwrap(), 1);
    // It is told once more for all that came meanwhile.
    for _ in 0..3 {
        release.notify_one();
        client.send(&[&call(1, "Echo")]).await;
        assert_eq!(client.next().await, result(1, "x"));
        assert_eq!(*told.lock().unwrap(), 2);
    }
}

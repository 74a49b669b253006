use super::*;
use proptest::prelude::*;

fn replay(capacity: usize, budget: usize) -> (Replay, Arc<Budget>) {
    let budget = Arc::new(Budget::new(budget));
    (Replay::new(Protocol::Json, capacity, budget.clone()), budget)
}

fn message(number: usize, size: usize) -> Vec<u8> {
    let mut message = number.to_string().into_bytes();
    message.resize(message.len().max(size), b'x');
    message.push(0x1e);
    message
}

/// Keeps messages as a session does: `own` encoded into the buffer, the last one shared.
fn keep(replay: &mut Replay, own: &[Vec<u8>], shared: Option<Vec<u8>>) {
    let mut outbound = Outbound::default();
    outbound.open_window(usize::MAX);
    own.iter().for_each(|message| outbound.encode_buffer().extend_from_slice(message));
    shared.into_iter().for_each(|message| outbound.push_shared(message.into()));
    replay.keep_all(&outbound);
}

#[test]
fn what_is_acknowledged_is_not_sent_again_and_the_rest_is() {
    let (mut replay, _) = replay(1000, 1000);
    keep(&mut replay, &[message(1, 0), message(2, 0)], Some(message(3, 0)));
    assert_eq!(std::iter::from_fn(|| replay.give()).count(), 3);
    assert!(replay.acknowledge(2));
    assert!(!replay.acknowledge(2));
    assert_eq!(replay.rewind().sequence, 3);
    assert_eq!(replay.give().as_deref(), Some(&b"3\x1e"[..]));
    assert!(replay.acknowledge(3));
    // Whether the peer has received 3 a second time is not known.
    assert_eq!(replay.rewind(), Resumption { sequence: 3, stand_ins: 1 });
    assert_eq!(replay.give(), None);
    keep(&mut replay, &[message(4, 0)], None);
    replay.give_all();
    assert!(replay.acknowledge(4));
    assert_eq!(replay.rewind(), Resumption { sequence: 5, stand_ins: 0 });
}

#[test]
fn an_acknowledgement_beyond_what_was_sent_frees_only_what_was_sent() {
    let (mut replay, _) = replay(1000, 1000);
    keep(&mut replay, &[message(1, 0), message(2, 0)], None);
    assert!(replay.give().is_some());
    assert!(replay.acknowledge(i64::MAX));
    assert_eq!(replay.rewind().sequence, 2);
    assert_eq!(replay.give().as_deref(), Some(&b"2\x1e"[..]));
    assert!(!replay.acknowledge(i64::MIN));
}

#[test]
fn one_message_may_go_beyond_the_capacity_and_no_other() {
    let (mut replay, _) = replay(10, usize::MAX);
    keep(&mut replay, &[message(1, 9)], None);
    assert_eq!(replay.room(false), 1);
    keep(&mut replay, &[message(2, 9)], None);
    assert_eq!(replay.room(false), 0);
    assert_eq!(replay.room(true), 61);
    replay.give_all();
    replay.acknowledge(1);
    assert_eq!(replay.room(false), 1);
}

#[test]
fn an_exhausted_budget_stops_those_who_keep_much_and_nobody_else() {
    let (mut large, budget) = replay(100_000, 50_000);
    let mut small = Replay::new(Protocol::Json, 100_000, budget.clone());
    keep(&mut small, &[message(1, 1000)], None);
    keep(&mut large, &[], Some(message(1, 60_000)));
    assert!(budget.is_exhausted());
    assert_eq!(large.room(false), 0);
    assert!(small.room(false) > 0);
    large.give_all();
    large.acknowledge(1);
    assert!(!budget.is_exhausted());
    drop((small, large));
    assert_eq!(budget.used.load(Ordering::Relaxed), 0);
}

#[test]
fn a_shared_message_is_kept_by_reference() {
    let (mut replay, _) = replay(1000, 1000);
    let shared = Bytes::from(message(1, 50));
    let mut outbound = Outbound::default();
    outbound.open_window(1000);
    outbound.push_shared(shared.clone());
    replay.keep_all(&outbound);
    assert_eq!(replay.give().map(|kept| kept.as_ptr()), Some(shared.as_ptr()));
}

#[test]
fn what_was_given_up_shows_in_the_numbers() {
    let (mut replay, _) = replay(1000, 1000);
    keep(&mut replay, &[message(1, 0), message(2, 0), message(3, 0)], None);
    replay.give();
    replay.give();
    replay.forget_given();
    assert_eq!(replay.rewind(), Resumption { sequence: 3, stand_ins: 0 });
}

#[derive(Debug, Clone)]
enum Step {
    /// So many own messages of that size, and perhaps a shared one.
    Keep(usize, usize, bool),
    /// The peer receives so many messages.
    Give(usize),
    /// All that waits goes to the socket at once; the peer receives so many of them.
    GiveAll(usize),
    /// The peer acknowledges so many messages less than it has.
    Acknowledge(usize),
    Cut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6usize, 0..3000usize, any::<bool>()).prop_map(|(count, size, shared)| Step::Keep(count, size, shared)),
        3 => (0..8usize).prop_map(Step::Give),
        1 => (0..8usize).prop_map(Step::GiveAll),
        2 => (0..4usize).prop_map(Step::Acknowledge),
        1 => Just(Step::Cut),
    ]
}

proptest! {
    #[test]
    fn every_message_comes_once_and_in_order(steps in proptest::collection::vec(step(), 1..80)) {
        let (mut replay, budget) = replay(usize::MAX, usize::MAX);
        let mut sent = Vec::new();
        // What the peer has processed, and the number of the next message that comes to it.
        let mut received: Vec<Vec<u8>> = Vec::new();
        let mut next = 1;
        // Given to the socket, not yet come to the peer.
        let mut flying: VecDeque<Vec<u8>> = VecDeque::new();
        for step in steps.into_iter().chain([Step::Cut, Step::Give(usize::MAX)]) {
            match step {
                Step::Keep(count, size, shared) => {
                    let own: Vec<_> = (0..count).map(|index| message(sent.len() + index, size)).collect();
                    let shared = shared.then(|| message(sent.len() + count, size));
                    sent.extend(own.iter().cloned().chain(shared.clone()));
                    keep(&mut replay, &own, shared);
                }
                Step::Give(count) => flying.extend(std::iter::from_fn(|| replay.give()).take(count).map(Vec::from)),
                Step::GiveAll(_) => {
                    // By the other way: the bytes themselves are in the outbound buffer.
                    let waiting = replay.messages.iter().skip(replay.given).map(|bytes| bytes.to_vec());
                    flying.extend(waiting);
                    replay.give_all();
                }
                Step::Acknowledge(less) => {
                    let number = i64::try_from(received.len().saturating_sub(less)).unwrap();
                    replay.acknowledge(number);
                }
                Step::Cut => {
                    flying.clear();
                    let Resumption { sequence, stand_ins } = replay.rewind();
                    let sequence = usize::try_from(sequence).unwrap();
                    // As Microsoft's clients see it, which count from the last Sequence message.
                    prop_assert!(sequence <= next, "{sequence} is ahead of {next}");
                    next = sequence;
                    flying.extend(std::iter::repeat_n(b"stands in".to_vec(), stand_ins));
                }
            }
            let take = if let Step::GiveAll(count) = step { count } else { usize::MAX };
            for message in flying.drain(..take.min(flying.len())) {
                if next > received.len() {
                    received.push(message);
                }
                next += 1;
            }
        }
        prop_assert_eq!(&received, &sent);
        let kept: usize = replay.messages.iter().map(Bytes::len).sum();
        prop_assert_eq!(replay.kept_bytes, kept);
        drop(replay);
        prop_assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}

//! The list of all cases, by topic.

use super::{Case, engine, selecting};

/// Calls a macro with all cases: `macro! { arguments topic: case case …; … }`.
#[doc(hidden)]
#[macro_export]
macro_rules! __backplane_cases {
    ([$($then:tt)+] $($arguments:tt)*) => {
        $($then)+! {
            $($arguments)*
            engine:
                engine_reaches_every_server
                engine_keeps_the_order_of_subscribing_and_publishing
                engine_keeps_the_order_of_payloads
                engine_takes_subscriptions_back
                engine_serves_several_receivers_of_a_channel
                engine_counts_subscribers_or_says_that_it_does_not
                engine_keeps_channels_apart_by_their_bytes
                engine_carries_any_payload
                engine_carries_large_payloads
                engine_has_many_channels
                engine_is_called_by_its_receivers;
            selecting:
                selects_all
                selects_all_except
                selects_others
                selects_the_caller
                selects_a_client
                selects_clients
                selects_a_group
                selects_groups
                selects_a_group_except
                selects_others_in_a_group
                selects_a_user
                selects_users
                selects_nobody
                selects_across_five_servers
                receipts_tell_how_many_servers_have_it;
        }
    };
}

macro_rules! table {
    ($($topic:ident: $($case:ident)+;)+) => {
        pub(super) const ALL: &[Case] = &[
            $($(Case { name: stringify!($case), run: |bench| Box::pin($topic::$case(bench)) }),+),+
        ];
    };
}

__backplane_cases! { [table] }

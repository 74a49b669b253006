//! The list of all cases, by topic.

use super::{Case, asking, engine, faults, foreign, grouping, knowing, leaving, ordering, resuming, selecting};

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
                selects_within_one_hub
                selects_across_five_servers
                receipts_tell_how_many_servers_have_it;
            grouping:
                groups_take_connections_of_other_servers
                groups_are_joined_when_that_was_awaited
                groups_are_joined_at_once_for_the_own_server
                groups_do_not_take_who_is_not_there
                groups_of_a_connection_are_limited_by_its_server
                groups_have_any_name
                groups_may_be_many
                groups_are_right_after_everybody_has_joined_and_left_at_once
                users_are_reached_until_their_last_connection_ends;
            asking:
                results_come_from_clients_of_other_servers
                results_are_errors_nothing_or_of_any_type
                results_do_not_come_from_who_is_not_there
                results_fail_when_the_client_leaves
                results_that_nobody_waits_for_harm_nothing
                results_find_their_questions;
            ordering:
                order_is_kept_to_all
                order_is_kept_to_a_group
                order_is_kept_to_a_user
                order_is_kept_to_a_client
                order_is_kept_to_clients
                order_is_kept_of_each_of_many_senders
                order_is_kept_of_messages_and_questions
                newest_messages_replace_those_that_wait_at_another_server;
            leaving:
                nothing_is_left_of_a_connection_that_has_ended
                nothing_is_left_by_work_that_outlives_its_connection
                nothing_is_left_after_a_crowd_has_come_and_gone
                nothing_is_left_of_a_server_that_has_ended;
            knowing:
                servers_know_members_and_users_together
                servers_that_do_not_answer_are_missing
                servers_close_connections_of_others
                servers_are_asked_by_many_at_once;
            resuming:
                nothing_is_lost_or_repeated_over_cuts
                questions_outlive_cuts;
            foreign:
                foreign_servers_are_understood
                foreign_servers_without_a_protocol_end_its_connections
                hostile_payloads_cut_anywhere_harm_nothing
                hostile_payloads_on_other_channels_harm_nothing
                hostile_payloads_of_any_bytes_harm_nothing
                hostile_messages_harm_nothing
                hostile_answers_harm_nothing;
            faults:
                engine_comes_back_with_all_subscriptions
                everything_works_again_after_the_engine_was_away
                what_changes_while_the_engine_is_away_counts_afterwards
                sends_fail_while_the_engine_is_away
                sends_reach_the_own_server_while_the_engine_is_away
                clients_connect_while_the_engine_is_away
                questions_end_when_the_engine_goes
                traffic_goes_on_after_outages;
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

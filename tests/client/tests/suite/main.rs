//! The client over every transport, with every protocol that it can carry, against a conformance server.

mod addressing;
mod authentication;
mod callbacks;
mod caller;
mod calls;
mod cancelling;
mod endpoints;
mod errors;
mod lifecycle;
mod limits;
mod questions;
mod reconnecting;
mod stateful;
mod streams;
mod support;
mod transports;
mod uploads;
mod values;

/// The tests of one combination: a module for each of those above, with all of its cases.
macro_rules! tests {
    ($($module:ident: $($case:ident),+;)+) => {$(
        mod $module {$(
            #[tokio::test]
            async fn $case() {
                client_tests::within(crate::$module::$case(super::COMBINATION)).await;
            }
        )+}
    )+};
}

macro_rules! combination {
    ($name:ident = $transport:ident, $protocol:ident) => {
        mod $name {
            const COMBINATION: client_tests::Combination = client_tests::Combination {
                transport: signalr::Transport::$transport,
                protocol: signalr::protocol::Protocol::$protocol,
            };
            tests! {
                values: texts, nothing, bytes, numbers, everything, values_of_any_type, large_results, large_arguments,
                    another_name, a_result_of_another_type;
                errors: hidden, detailed, public, with_code_and_data, no_such_method, wrong_arguments,
                    an_argument_that_cannot_be_serialised, a_method_for_others;
                calls: many_at_once, without_an_answer, in_order, of_one_connection_wait_for_each_other, by_clones;
                cancelling: a_dropped_call, a_late_call, a_late_answer, a_dropped_stream, a_dropped_call_with_an_upload;
                streams: items, no_items, several_at_once, a_failure_at_the_end, a_failure_at_once, read_late,
                    beside_calls, items_of_another_type;
                uploads: one, two, of_nothing, failing, both_ways, of_much, without_an_answer;
                callbacks: in_order, before_and_after_connecting, several_handlers, unknown, from_outside,
                    that_call_back, of_untyped_clients;
                questions: answered, from_outside, of_ones_own, without_handler, with_a_failing_handler,
                    with_an_answer_of_another_type;
                addressing: some_clients, groups, groups_at_connecting, users;
                caller: its_id, its_transport, its_query, its_headers, its_items;
                authentication: by_token, without_a_token, with_a_wrong_token, a_new_token_on_401,
                    a_provider_that_fails, a_method_of_the_administrator, a_json_web_token;
                endpoints: redirects, cookies, a_refused_negotiation, no_hub, nobody, a_hub_that_cannot_be_made;
                limits: messages_of_the_client, messages_of_the_server, a_call_that_is_too_long_for_the_queue;
                lifecycle: stopping, dropping, starting_again, calls_after_the_end, aborted_by_the_server,
                    refused_by_the_hub, pings_of_both, silence_of_the_client, silence_of_the_server;
                reconnecting: after_a_cut, what_is_done_on_each_connection, calls_that_wait, not_where_the_server_forbids_it,
                    where_the_server_allows_it, after_the_end_of_the_server;
                stateful: a_cut_socket;
            }
        }
    };
}

combination!(web_sockets_json = WebSockets, Json);
combination!(web_sockets_message_pack = WebSockets, MessagePack);
combination!(server_sent_events_json = ServerSentEvents, Json);
combination!(long_polling_json = LongPolling, Json);
combination!(long_polling_message_pack = LongPolling, MessagePack);

use crate::support::connect;
use signalr::ClientError;

#[tokio::test]
async fn a_call_gives_its_result() {
    let connection = connect().await.unwrap();
    assert_eq!(connection.invoke::<String>("Echo", ("hi",)).await.unwrap(), "hi");
}

#[tokio::test]
async fn the_hubs_error_is_told_from_others() {
    let connection = connect().await.unwrap();
    let error = connection.invoke::<()>("Fail", ("no",)).await.unwrap_err();
    let ClientError::Hub(failure) = error else { panic!("{error:?}") };
    assert!(failure.message().ends_with("HubException: no"), "{}", failure.message());
}

#[tokio::test]
async fn a_result_of_another_type_is_an_error_of_that_call_only() {
    let connection = connect().await.unwrap();
    let error = connection.invoke::<u32>("Echo", ("hi",)).await.unwrap_err();
    assert!(matches!(error, ClientError::Decode { part: "result", .. }), "{error:?}");
    assert_eq!(connection.invoke::<String>("Echo", ("hi",)).await.unwrap(), "hi");
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let connection = connect().await.unwrap();
    let calls = (0..100).map(|n| connection.invoke::<String>("Echo", (n.to_string(),)).into_future());
    let answers = futures_util::future::join_all(calls).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), n.to_string());
    }
}

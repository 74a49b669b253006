use crate::support::{Server, connect};
use signalr::ClientError;
use signalr::protocol::Protocol;

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

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Line {
        #[allow(dead_code)]
        price: u32,
    }

    for protocol in Protocol::ALL {
        let connection = Server::new().builder().protocol(*protocol).connect().await.unwrap();
        let error = connection.invoke::<Vec<Line>>("Lines", ()).await.unwrap_err();
        let ClientError::Decode { method, part, path, cause } = &error else { panic!("{error:?}") };
        assert_eq!((&**method, *part, &**path), ("Lines", "result", "[1].price"));
        assert!(cause.contains("expected u32"), "{cause}");
        assert!(error.to_string().starts_with("the result of 'Lines' cannot be read at [1].price: "), "{error}");
    }
}

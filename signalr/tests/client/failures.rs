//! What stands beside the text of a hub's error, from one end to the other.

use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use signalr::protocol::Protocol;
use signalr::{
    ClientError, Hub, HubConnection, HubConnectionBuilder, HubError, HubFailure, HubOptions, HubServer, Naming, hub,
};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stock {
    items_left: u32,
}

fn sold_out() -> HubError {
    HubError::public("sold out").code("out_of_stock").data(Stock { items_left: 3 })
}

struct Shop;

#[hub]
impl Shop {
    fn buy(&self) -> Result<(), HubError> {
        Err(sold_out())
    }

    fn watch(&self) -> impl Stream<Item = Result<u32, HubError>> {
        stream::iter([Ok(1), Err(sold_out())])
    }

    fn hidden(&self) -> Result<(), HubError> {
        Err(HubError::hidden("secret").code("secret"))
    }
}

async fn connect(protocol: Protocol, naming: Naming) -> HubConnection {
    let server = HubServer::new(&Hub::new("Shop", Shop).naming(naming), &HubOptions::default()).unwrap();
    let open = move || {
        let (client, other) = tokio::io::duplex(64 * 1024);
        tokio::spawn(server.serve(other).into_future());
        std::future::ready(Ok(client))
    };
    HubConnectionBuilder::with_connector(open).protocol(protocol).naming(naming).connect().await.unwrap()
}

fn failure(error: ClientError) -> HubFailure {
    match error {
        ClientError::Hub(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_reads_the_code_and_the_data_of_an_error() {
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        for naming in [Naming::AsDeclared, Naming::DotNet] {
            let connection = connect(protocol, naming).await;
            let of_call = failure(connection.invoke::<()>("Buy", ()).await.unwrap_err());
            let mut items = connection.stream::<u32>("Watch", ()).await.unwrap();
            assert_eq!(items.next().await.unwrap().unwrap(), 1);
            let of_stream = failure(items.next().await.unwrap().unwrap_err());
            for failure in [of_call, of_stream] {
                assert!(failure.message().ends_with("HubException: sold out"), "{failure:?}");
                assert_eq!(failure.code(), Some("out_of_stock"));
                assert_eq!(failure.data(), Some(Ok(Stock { items_left: 3 })), "{protocol:?} {naming:?}");
            }
            let hidden = failure(connection.invoke::<()>("Hidden", ()).await.unwrap_err());
            assert_eq!((hidden.code(), hidden.data::<String>()), (None, None));
        }
    }
}

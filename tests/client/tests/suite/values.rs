//! Arguments and results of every kind.

use client_tests::Combination;
use client_tests::everything::Everything;
use signalr::protocol::{Binary, Protocol};
use signalr::{ClientError, Value};

pub(crate) async fn texts(with: Combination) {
    let hub = with.typed("/conformance").await;
    let long = "long ".repeat(5000);
    for text in ["", "plain", "\u{1e}\0\r\n\t\"\\/", "data: x\n\n:", "ä€😀\u{2028}", "\u{feff}bom", &long] {
        assert_eq!(hub.echo(text).await.unwrap(), text);
    }
}

pub(crate) async fn nothing(with: Combination) {
    let hub = with.typed("/conformance").await;
    hub.do_nothing().await.unwrap();
    assert_eq!(hub.echo_null(None).await.unwrap(), None);
    assert_eq!(hub.echo_null(Some(String::new())).await.unwrap(), Some(String::new()));
    // A method without result as one that may have none.
    let nothing: Option<u8> = hub.as_ref().invoke("DoNothing", ()).await.unwrap();
    assert_eq!(nothing, None);
}

pub(crate) async fn bytes(with: Combination) {
    let hub = with.typed("/conformance").await;
    let all: Vec<u8> = (0..=255).collect();
    for bytes in [vec![], vec![0], all.repeat(70)] {
        assert_eq!(&*hub.echo_bytes(Binary::from(bytes.clone())).await.unwrap(), &*bytes);
    }
}

pub(crate) async fn numbers(with: Combination) {
    let hub = with.typed("/conformance").await;
    for (a, b) in [(1, 2), (-1, 1), (i32::MAX, 1), (i32::MIN, -1), (127, 1), (-32_768, -1), (65_535, 1)] {
        assert_eq!(hub.add(a, b).await.unwrap(), a.wrapping_add(b));
    }
    for (a, b) in [(1.0, 3.0), (-0.1, 7.0), (1e300, 1e-8), (5e-324, 1.0), (0.0, -1.0)] {
        assert_eq!(hub.divide(a, b).await.unwrap().to_bits(), (a / b).to_bits());
    }
    if with.protocol == Protocol::MessagePack {
        assert_eq!(hub.divide(1.0, 0.0).await.unwrap(), f64::INFINITY);
        assert!(hub.divide(0.0, 0.0).await.unwrap().is_nan());
    }
}

pub(crate) async fn everything(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.make_everything().await.unwrap(), Everything::made());
    // MessagePack has points in time only, which are told in UTC.
    let nothing = Everything { when: "0001-01-01T00:00:00Z".parse().unwrap(), ..Everything::default() };
    for value in [Everything::made(), nothing] {
        assert_eq!(hub.echo_everything(value.clone()).await.unwrap(), value);
    }
}

pub(crate) async fn values_of_any_type(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let value: Value = connection.invoke("MakeEverything", ()).await.unwrap();
    let member = |json: &str, msgpack: &str| {
        let name = if with.protocol == Protocol::Json { json } else { msgpack };
        value.get(name).unwrap_or_else(|| panic!("no {name} in {value:?}")).clone()
    };
    assert_eq!(member("text", "Text"), Value::from("text"));
    assert_eq!(member("big", "Big"), Value::Int(9_007_199_254_740_993));
    let bytes = member("bytes", "Bytes");
    match with.protocol {
        Protocol::MessagePack => assert_eq!(bytes, Value::Binary(Binary::from([1, 2, 3]))),
        _ => assert_eq!(bytes, Value::from("AQID")),
    }
    assert_eq!(connection.invoke::<Value>("EchoEverything", (&value,)).await.unwrap(), value);
}

pub(crate) async fn large_results(with: Combination) {
    let hub = with.typed("/conformance").await;
    for length in [1, 100, 125, 126, 65_535, 65_536, 1_000_000] {
        let result = hub.large_result(length).await.unwrap();
        assert!(result.len() == length && result.bytes().all(|byte| byte == b'x'), "{length}");
    }
}

pub(crate) async fn large_arguments(with: Combination) {
    let connection = with.untyped("/bench").await;
    for length in [60_000, 70_000, 1_000_000] {
        let text = "0123456789".repeat(length / 10);
        assert!(connection.invoke::<String>("Echo", (&text,)).await.unwrap() == text, "{length}");
    }
}

pub(crate) async fn another_name(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.renamed().await.unwrap(), "renamed");
    assert_eq!(hub.as_ref().invoke::<String>("RENAMED-method", ()).await.unwrap(), "renamed");
}

pub(crate) async fn a_result_of_another_type(with: Combination) {
    let connection = with.untyped("/conformance").await;
    match connection.invoke::<u32>("Echo", ("text",)).await {
        Err(ClientError::Decode { method, part, path, cause }) => {
            assert_eq!((&*method, part, &*path), ("Echo", "result", ""));
            assert!(cause.contains("invalid type: string"), "{cause}");
        }
        other => panic!("{other:?}"),
    }
    match connection.invoke::<u32>("DoNothing", ()).await {
        Err(ClientError::Decode { method, part: "result", .. }) => assert_eq!(method, "DoNothing"),
        other => panic!("{other:?}"),
    }
    assert_eq!(connection.invoke::<String>("Echo", ("still there",)).await.unwrap(), "still there");
}

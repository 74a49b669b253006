//! Values in both protocols, as ASP.NET Core writes and reads them.

use super::*;
use crate::Value;
use crate::protocol::{Codec, Message, Naming, Outcome, Protocol};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Green,
}

/// The value as the result of a call.
fn written<T: Serialize>(protocol: Protocol, value: &T) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    Codec::new(protocol, Naming::DotNet).encode_result(&mut out, "1", value).map_err(|error| error.to_string())?;
    let body = match protocol {
        Protocol::Json => out[..out.len() - 1].to_vec(),
        #[cfg(feature = "msgpack")]
        Protocol::MessagePack => out[out.iter().position(|byte| *byte < 0x80).unwrap() + 1..].to_vec(),
    };
    let Ok(Message::Completion(completion)) = protocol.decode(&body) else { panic!("no completion: {body:x?}") };
    let Outcome::Result(result) = completion.outcome else { panic!("no result") };
    Ok(result.as_bytes().to_vec())
}

fn read<T: DeserializeOwned>(protocol: Protocol, bytes: &[u8]) -> Option<T> {
    crate::protocol::Payload::new(Codec::new(protocol, Naming::DotNet), bytes).decode().ok()
}

fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    read(Protocol::Json, text.as_bytes())
}

/// Both ways in both protocols.
#[track_caller]
fn both<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, text: &str, pack: &[u8]) {
    assert_eq!(written(Protocol::Json, value).map(|bytes| String::from_utf8(bytes).unwrap()), Ok(text.to_owned()));
    assert_eq!(json::<T>(text).as_ref(), Some(value), "{text}");
    #[cfg(feature = "msgpack")]
    {
        assert_eq!(written(Protocol::MessagePack, value), Ok(pack.to_vec()), "{text}");
        assert_eq!(read::<T>(Protocol::MessagePack, pack).as_ref(), Some(value), "{pack:x?}");
    }
    #[cfg(not(feature = "msgpack"))]
    let _ = pack;
}

#[test]
fn times_have_all_three_sizes_of_timestamps() {
    let time = |text: &str| text.parse::<DateTime>().unwrap();
    both(&time("2000-01-02T03:04:05Z"), r#""2000-01-02T03:04:05Z""#, b"\xd6\xff\x38\x6e\xc0\x25");
    both(&time("1970-01-01T00:00:00Z"), r#""1970-01-01T00:00:00Z""#, b"\xd6\xff\0\0\0\0");
    both(&time("2000-01-02T03:04:05.5Z"), r#""2000-01-02T03:04:05.5Z""#, b"\xd7\xff\x77\x35\x94\0\x38\x6e\xc0\x25");
    both(&time("2106-02-07T06:28:16Z"), r#""2106-02-07T06:28:16Z""#, b"\xd7\xff\0\0\0\x01\0\0\0\0");
    both(
        &time("1969-12-31T23:59:59.9999999Z"),
        r#""1969-12-31T23:59:59.9999999Z""#,
        b"\xc7\x0c\xff\x3b\x9a\xc9\x9c\xff\xff\xff\xff\xff\xff\xff\xff",
    );
    both(
        &time("0001-01-01T00:00:00Z"),
        r#""0001-01-01T00:00:00Z""#,
        b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xf1\x88\x6e\x09\x00",
    );
    assert_eq!(format!("{:?}", DateTime::default()), "0001-01-01T00:00:00");
    assert_eq!(DateTime::MAX.to_string(), "9999-12-31T23:59:59.9999999");
}

#[test]
fn times_are_read_as_the_other_server_reads_them() {
    for (text, time) in [
        ("2000-01-02", "2000-01-02T00:00:00"),
        ("2000-01-02T03:04", "2000-01-02T03:04:00"),
        ("2000-01-02T03:04Z", "2000-01-02T03:04:00Z"),
        ("2000-01-02T03:04:05+02:00", "2000-01-02T01:04:05Z"),
        ("2000-01-02T03:04:05-02", "2000-01-02T05:04:05Z"),
        ("2000-01-02T03:04:05.1234567890123456", "2000-01-02T03:04:05.1234567"),
        ("2000-01-02T03:04:05.10", "2000-01-02T03:04:05.1"),
    ] {
        assert_eq!(text.parse::<DateTime>().map(|time| time.to_string()), Ok(time.to_owned()));
    }
    for text in [
        "",
        "2000",
        "2000-1-2",
        "2000-02-30",
        "0000-01-01",
        "10000-01-01",
        "2000-01-02Z",
        "2000-01-02 03:04:05",
        "2000-01-02T24:00:00",
        "2000-01-02T03:60:00",
        "2000-01-02T03:04:60",
        "2000-01-02T03:04:05.",
        "2000-01-02T03:04:05.12345678901234567",
        "2000-01-02T03:04:05+15:00",
        "2000-01-02T03:04:05z",
        "0001-01-01T00:00:00+01:00",
        "2000-01-02T03:04:05Z ",
    ] {
        assert!(text.parse::<DateTime>().is_err(), "{text}");
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn timestamps_are_refused_unless_they_are_some() {
    let refused: [&[u8]; 10] = [
        b"\xd6\x01\0\0\0\0",
        b"\xd5\xff\0\0",
        b"\xc7\0\xff",
        b"\xd7\xff\xff\xff\xff\xfc\0\0\0\0",
        b"\xc7\x0c\xff\0\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xf1\x88\x6e\x08\xff",
        b"\xa4abcd",
        b"\x92\xff\xc4\x04\0\0\0\0",
        b"\x01",
        b"\xc0",
    ];
    for bytes in refused {
        assert_eq!(read::<DateTime>(Protocol::MessagePack, bytes), None, "{bytes:x?}");
    }
}

#[test]
fn times_with_an_offset_keep_what_the_clock_shows() {
    let time = DateTimeOffset::new("2000-01-02T03:04:05Z".parse().unwrap(), 90).unwrap();
    both(&time, r#""2000-01-02T04:34:05+01:30""#, b"\x92\xd6\xff\x38\x6e\xd5\x3d\x5a");
    assert_eq!((time.utc().to_string(), time.minutes_ahead()), ("2000-01-02T03:04:05Z".to_owned(), 90));
    both(
        &"2000-01-02T03:04:05-08:00".parse::<DateTimeOffset>().unwrap(),
        r#""2000-01-02T03:04:05-08:00""#,
        b"\x92\xd6\xff\x38\x6e\xc0\x25\xd1\xfe\x20",
    );
    both(
        &DateTimeOffset::default(),
        r#""0001-01-01T00:00:00+00:00""#,
        b"\x92\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xf1\x88\x6e\x09\x00\0",
    );
    assert!(DateTimeOffset::new(DateTime::MAX, 1).is_err() && DateTimeOffset::new(DateTime::now(), 841).is_err());
    assert!("9999-12-31T23:59:59-00:01".parse::<DateTimeOffset>().is_err());
}

#[test]
fn time_spans_are_ticks_in_messagepack() {
    let second = 10_000_000;
    both(&TimeSpan::from_ticks(0), r#""00:00:00""#, b"\0");
    both(&TimeSpan::from_ticks(-1), r#""-00:00:00.0000001""#, b"\xff");
    both(&TimeSpan::from_ticks(90 * second), r#""00:01:30""#, b"\xce\x35\xa4\xe9\x00");
    both(
        &TimeSpan::from_ticks(93_784 * second + 5_000_000),
        r#""1.02:03:04.5000000""#,
        b"\xcf\0\0\0\xda\x5b\xeb\x07\x40",
    );
    both(&TimeSpan::from_ticks(i64::MIN), r#""-10675199.02:48:05.4775808""#, b"\xd3\x80\0\0\0\0\0\0\0");
    assert_eq!("1:2:3".parse(), Ok(TimeSpan::from_ticks(3723 * second)));
    for text in [
        "",
        "1",
        "24:00:00",
        "00:60:00",
        "00:00:60",
        "10675199.02:48:05.4775808",
        "1.",
        "00:00:00.12345678",
        "+00:00:00",
        " 00:00:00",
    ] {
        assert!(text.parse::<TimeSpan>().is_err(), "{text}");
    }
}

#[test]
fn guids_are_text() {
    let guid = Guid([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
    let text = "00010203-0405-0607-0809-0a0b0c0d0eff";
    both(&guid, &format!("{text:?}"), &[b"\xd9\x24", text.as_bytes()].concat());
    assert_eq!(text.to_uppercase().parse(), Ok(guid));
    for text in [
        "",
        "5",
        "000102030405060708090a0b0c0d0eff",
        "{00010203-0405-0607-0809-0a0b0c0d0eff}",
        "00010203-0405-0607-0809-0a0b0c0d0exx",
        "0001020-30405-0607-0809-0a0b0c0d0eff",
    ] {
        assert!(text.parse::<Guid>().is_err(), "{text}");
    }
}

#[test]
fn decimals_keep_every_digit() {
    for text in
        ["0", "-0.10", "79228162514264337593543950335", "1e20", "123456789012345678901234567890.123456789", "12E-3"]
    {
        let decimal: Decimal = text.parse().unwrap();
        let head = 0xa0 | u8::try_from(text.len()).unwrap();
        let pack = if text.len() < 32 { vec![head] } else { vec![0xd9, u8::try_from(text.len()).unwrap()] };
        both(&decimal, text, &[&pack, text.as_bytes()].concat());
        both(&vec![Some(decimal)], &format!("[{text}]"), &[b"\x91", pack.as_slice(), text.as_bytes()].concat());
    }
    for text in ["", "-", "1.", ".5", "01", "+1", "1e", "NaN", "1 ", "0x1"] {
        assert!(text.parse::<Decimal>().is_err(), "{text}");
    }
    for text in [r#""1""#, "null", "[1]", "{}", "true"] {
        assert_eq!(json::<Decimal>(text), None, "{text}");
    }
    #[cfg(feature = "msgpack")]
    assert_eq!(read::<Decimal>(Protocol::MessagePack, b"\xcd\x01\x00"), Some(Decimal::from(256)));
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Collected {
        Decimal(Decimal),
    }
    assert!(matches!(json("5"), Some(Collected::Decimal(decimal)) if decimal.as_str() == "5"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Marked {
    #[serde(with = "enumeration")]
    colour: Colour,
    #[serde(with = "enumeration")]
    maybe: Option<Colour>,
    #[serde(with = "date_time")]
    at: SystemTime,
    #[serde(with = "time_span")]
    long: Duration,
    #[serde(with = "super::bytes")]
    data: Vec<u8>,
}

#[test]
fn fields_are_marked() {
    both(
        &Marked {
            colour: Colour::Green,
            maybe: None,
            at: SystemTime::UNIX_EPOCH,
            long: Duration::from_secs(1),
            data: vec![1, 2, 3],
        },
        r#"{"colour":1,"maybe":null,"at":"1970-01-01T00:00:00Z","long":"00:00:01","data":"AQID"}"#,
        b"\x85\xa6Colour\xa5Green\xa5Maybe\xc0\xa2At\xd6\xff\0\0\0\0\xa4Long\xce\x00\x98\x96\x80\xa4Data\xc4\x03\x01\x02\x03",
    );
}

#[test]
fn enums_are_numbers_or_names() {
    both(&[Enum(Colour::Green), Enum(Colour::Red)].to_vec(), "[1,0]", b"\x92\xa5Green\xa3Red");
    both(&Enum(Some(Colour::Green)), "1", b"\xa5Green");
    for text in [r#""Green""#, "2", "-1", "null", "[]", r#"{"Green":null}"#, "1.0"] {
        assert_eq!(json::<Enum<Colour>>(text), None, "{text}");
    }
    #[cfg(feature = "msgpack")]
    for bytes in [b"\x01".as_slice(), b"\xa5green", b"\xc0", b"\x81\xa5Green\xc0"] {
        assert_eq!(read::<Enum<Colour>>(Protocol::MessagePack, bytes), None, "{bytes:x?}");
    }
    assert!(written(Protocol::Json, &Enum(5)).is_err() && written(Protocol::Json, &Enum(Value::Null)).is_err());
}

proptest! {
    #[test]
    fn times_come_back(ticks in 0..calendar::END, minutes in -840i16..=840, utc: bool) {
        let time = DateTime::from_ticks(ticks).unwrap();
        for protocol in Protocol::ALL {
            prop_assert_eq!(read(*protocol, &written(*protocol, &time).unwrap()), Some(time));
            if let Ok(time) = DateTimeOffset::new(time, minutes) {
                prop_assert_eq!(read(*protocol, &written(*protocol, &time).unwrap()), Some(time));
            }
        }
        prop_assert_eq!(time.with_utc(utc).to_string().parse(), Ok(time.with_utc(utc)));
        prop_assert_eq!(SystemTime::try_from(time).unwrap().try_into(), Ok(time));
    }

    #[test]
    fn time_spans_come_back(ticks: i64) {
        for protocol in Protocol::ALL {
            let span = TimeSpan::from_ticks(ticks);
            prop_assert_eq!(read(*protocol, &written(*protocol, &span).unwrap()), Some(span));
        }
    }

    #[test]
    fn no_text_does_harm(text in "[-+0-9:.TZe]{0,40}|\\PC{0,20}") {
        let _ = (text.parse::<DateTime>(), text.parse::<DateTimeOffset>(), text.parse::<TimeSpan>(), text.parse::<Guid>());
        if let Ok(decimal) = text.parse::<Decimal>() {
            prop_assert!(serde_json::from_str::<f64>(decimal.as_str()).is_ok() || decimal.as_str().contains(['e', 'E']));
        }
    }
}

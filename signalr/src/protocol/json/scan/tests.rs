use super::*;

fn whole(text: &str) -> Scan<()> {
    let mut scanner = Scanner::new(Raw::Text(text));
    scanner.skip_value(0)?;
    match scanner.peek_after_blanks() {
        None => Ok(()),
        Some(_) => Err(scanner.expected("nothing")),
    }
}

#[test]
fn accepts_json() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0e-0",
        "1e5",
        "1E+5",
        "12.50",
        "\"\"",
        "\"\\u00e9\\n\\/\"",
        "[]",
        "{}",
        " [ 1 , \"a\" , { } , [ ] ] ",
        "{\"a\":{\"b\":[{}]},\"a\":null}",
        "\"\u{7f}é🦀\"",
        "\r\n\t 1",
    ] {
        assert_eq!(whole(text), Ok(()), "{text}");
    }
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "nul",
        "nullx",
        "tru",
        "+1",
        "01",
        "-",
        "-a",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 2",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\u{1f}\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "}",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":1]",
        "{a:1}",
        "{'a':1}",
        "/**/1",
        "[1]/",
        "NaN",
        "Infinity",
        "\u{feff}1",
    ] {
        assert!(whole(text).is_err(), "{text}");
    }
}

#[test]
fn nests_as_deeply_as_the_limit_says() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(whole(&nested(64)), Ok(()));
    assert!(whole(&nested(65)).is_err());
    assert!(whole(&"[".repeat(100_000)).is_err());
    let objects = format!("{}1{}", "{\"a\":".repeat(64), "}".repeat(64));
    assert_eq!(whole(&objects), Ok(()));
}

#[test]
fn names_the_first_wrong_byte() {
    let at = |text| whole(text).map_err(|error| error.at);
    assert_eq!(at("[1,]"), Err(3));
    assert_eq!(at("{\"a\":tru}"), Err(8));
    assert_eq!(at("\"ab"), Err(3));
    assert_eq!(at("\"\\u12x4\""), Err(5));
    assert_eq!(at("012"), Err(1));
}

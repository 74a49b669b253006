//! The URLs of a connection's requests.

use crate::client::connect::ConnectError;
use reqwest::Url;

/// Reads the URL of a hub. Its scheme may be that of HTTP or that of WebSockets, which is the same here.
pub(super) fn parse(url: &str) -> Result<Url, String> {
    // Not the URL itself: a token may be in it.
    let mut url = Url::parse(url).map_err(|error| format!("the URL is not valid: {error}"))?;
    let scheme = match url.scheme() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        other => return Err(format!("the URL has the scheme '{other}', which is none of http, https, ws and wss")),
    };
    // It cannot fail between schemes of this kind.
    let _ = url.set_scheme(scheme);
    url.set_fragment(None);
    Ok(url)
}

/// Reads the URL that a server redirects to. From a safe connection there is no way to one that anybody can read.
pub(super) fn redirected(from: &Url, to: &str) -> Result<Url, ConnectError> {
    let url =
        parse(to).map_err(|error| ConnectError::Negotiation(format!("the server redirects to nowhere: {error}")))?;
    if from.scheme() == "https" && url.scheme() != "https" {
        return Err(ConnectError::Negotiation("the server redirects from https to http".to_owned()));
    }
    Ok(url)
}

/// The URL with that segment at the end of its path.
pub(super) fn below(url: &Url, segment: &str) -> Url {
    let mut url = url.clone();
    let path = format!("{}/{segment}", url.path().strip_suffix('/').unwrap_or(url.path()));
    url.set_path(&path);
    url
}

/// The URL with that parameter at the end of its query, unless it has one of that name.
pub(super) fn with_parameter(mut url: Url, name: &str, value: &str) -> Url {
    if !url.query_pairs().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

/// The URL of the requests of a connection.
pub(super) fn with_id(mut url: Url, id: &str) -> Url {
    url.query_pairs_mut().append_pair("id", id);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        parse(text).unwrap()
    }

    #[test]
    fn schemes_of_websockets_are_those_of_http() {
        assert_eq!(url("ws://host:5000/hub").as_str(), "http://host:5000/hub");
        assert_eq!(url("wss://host/hub?a=1#part").as_str(), "https://host/hub?a=1");
        assert!(parse("ftp://host/").unwrap_err().contains("'ftp'"));
        let error = parse("/chat?access_token=secret").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn path_and_query_are_kept() {
        let negotiate =
            with_parameter(below(&url("http://host/a/hub/?tenant=x%20y"), "negotiate"), "negotiateVersion", "1");
        assert_eq!(negotiate.as_str(), "http://host/a/hub/negotiate?tenant=x%20y&negotiateVersion=1");
        assert_eq!(with_parameter(negotiate.clone(), "NegotiateVersion", "2"), negotiate);
        assert_eq!(below(&url("http://host"), "negotiate").as_str(), "http://host/negotiate");
        assert_eq!(with_id(url("http://host/hub?"), "a&b +").as_str(), "http://host/hub?id=a%26b+%2B");
        assert_eq!(with_id(url("http://host/hub?a=1"), "x").as_str(), "http://host/hub?a=1&id=x");
    }

    #[test]
    fn redirects_do_not_give_up_safety() {
        assert!(redirected(&url("https://one/"), "http://two/").is_err());
        assert!(redirected(&url("https://one/"), "wss://two/").is_ok());
        assert!(redirected(&url("http://one/"), "https://two/").is_ok());
        assert!(redirected(&url("http://one/"), "two").is_err());
    }
}

//! Whose pages may connect: browsers say in `Origin` from where a page came, and let every page open a WebSocket.

use super::validation::Invalid;
use http::Uri;
use http::header::{self, HeaderMap, HeaderValue};

const FORWARDED_HOST: &str = "x-forwarded-host";

/// The origins that a hub lets in, beside its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    any: bool,
    trust_forwarded_host: bool,
    /// In lower case, without the usual port of the scheme.
    listed: Vec<String>,
}

/// A request of an origin that is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ForeignOrigin(pub(crate) String);

impl Origins {
    pub(super) fn allow(&mut self, origins: impl Iterator<Item = String>) {
        self.any = false;
        self.listed = origins.map(|origin| normal(&origin)).collect();
    }

    pub(super) fn allow_any(&mut self) {
        self.any = true;
    }

    pub(super) fn trust_forwarded_host(&mut self, trust: bool) {
        self.trust_forwarded_host = trust;
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        const OPTION: &str = "HubOptions::allowed_origins";
        for origin in &self.listed {
            let advice = match origin.as_str() {
                "*" => "write HubOptions::any_origin() to let pages of any origin connect",
                "null" => continue,
                origin if !is_origin(origin) => {
                    "write scheme, host and port only: https://app.example.com, https://*.example.com, http://localhost:5173"
                }
                _ => continue,
            };
            return Err(Invalid::new(OPTION, origin, advice));
        }
        Ok(())
    }

    /// Lets a request in, or says of which origin it is.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ForeignOrigin> {
        if self.any {
            return Ok(());
        }
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let text = origin.to_str().ok().filter(|_| origins.next().is_none());
        if text.is_some_and(|origin| self.admits(origin, self.host(uri, headers))) {
            return Ok(());
        }
        Err(ForeignOrigin(String::from_utf8_lossy(origin.as_bytes()).into_owned()))
    }

    /// Whether pages of this origin may connect to a server that is called by this host.
    fn admits(&self, origin: &str, host: Option<&str>) -> bool {
        let origin = normal(origin);
        let own = host.is_some_and(|host| is_own(&origin, host));
        own || self.listed.iter().any(|listed| matches(listed, &origin))
    }

    /// The host by which the client knows this server, with its port.
    fn host<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        let forwarded = || forwarded_host(headers).or_else(|| first(headers.get(FORWARDED_HOST)?));
        self.trust_forwarded_host
            .then(forwarded)
            .flatten()
            .or_else(|| headers.get(header::HOST)?.to_str().ok())
            // HTTP/2 has no header `Host`.
            .or_else(|| uri.authority().map(http::uri::Authority::as_str))
    }
}

/// The first element of a list: what the proxy next to the client says.
fn first(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()?.split(',').next().map(str::trim).filter(|host| !host.is_empty())
}

/// The host in `Forwarded: for=…;host=app.example.com;proto=https`.
fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    let pairs = first(headers.get(header::FORWARDED)?)?.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut hosts = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    hosts.next().map(|(_, host)| host.trim_matches('"'))
}

/// Case and the usual port make no difference.
fn normal(origin: &str) -> String {
    let lower = origin.to_ascii_lowercase();
    match lower.split_once("://") {
        Some((scheme, authority)) => format!("{scheme}://{}", without_usual_port(scheme, authority)),
        None => lower,
    }
}

fn without_usual_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// The scheme is left aside: behind a proxy that speaks TLS the server does not know its own.
fn is_own(origin: &str, host: &str) -> bool {
    let Some((scheme @ ("http" | "https"), authority)) = origin.split_once("://") else { return false };
    !authority.is_empty() && without_usual_port(scheme, host).eq_ignore_ascii_case(authority)
}

/// Whether an origin is a listed one, or below a listed `*.`.
fn matches(listed: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = listed.split_once("://*.") else { return listed == origin };
    let below = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    let label = below.and_then(|authority| authority.strip_suffix(domain)).and_then(|rest| rest.strip_suffix('.'));
    label.is_some_and(|label| !label.is_empty() && label.bytes().all(is_host_byte))
}

/// What a listed origin may look like.
fn is_origin(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let authority = authority.strip_prefix("*.").unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_host_byte),
    };
    !scheme.is_empty()
        && scheme.bytes().all(is_scheme)
        && is_host
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Letters of a domain name, in the form in which browsers send it.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(listed: &[&str]) -> Origins {
        let mut origins = Origins::default();
        origins.allow(listed.iter().map(|origin| (*origin).to_owned()));
        origins.validate().unwrap();
        origins
    }

    fn request(headers: &[(&str, &str)]) -> http::Request<()> {
        let mut request = http::Request::builder().uri("/chat");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn check(origins: &Origins, request: &http::Request<()>) -> Result<(), ForeignOrigin> {
        origins.check(request.uri(), request.headers())
    }

    #[test]
    fn a_page_may_connect_to_its_own_host() {
        let own = origins(&[]);
        for (origin, host, admitted) in [
            ("http://app.example.com", "app.example.com", true),
            ("https://app.example.com", "app.example.com", true),
            ("https://app.example.com", "APP.example.com:443", true),
            ("http://app.example.com:80", "app.example.com", true),
            ("http://localhost:5000", "localhost:5000", true),
            ("http://[::1]:5000", "[::1]:5000", true),
            ("http://localhost:5173", "localhost:5000", false),
            ("http://localhost", "localhost:5000", false),
            ("https://example.com", "app.example.com", false),
            ("https://app.example.com.evil.example", "app.example.com", false),
            ("https://evil.example", "app.example.com", false),
            ("app.example.com", "app.example.com", false),
            ("file://app.example.com", "app.example.com", false),
            ("null", "null", false),
            ("", "", false),
            ("http://", "", false),
        ] {
            assert_eq!(own.admits(origin, Some(host)), admitted, "{origin} at {host}");
        }
        assert!(!own.admits("http://app.example.com", None));
    }

    #[test]
    fn listed_origins_are_let_in() {
        let listed = origins(&["https://App.example.com:443", "http://localhost:5173", "tauri://localhost", "null"]);
        for (origin, admitted) in [
            ("https://app.example.com", true),
            ("HTTPS://APP.example.com", true),
            ("http://localhost:5173", true),
            ("tauri://localhost", true),
            ("null", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("https://other.example.com", false),
            ("http://localhost", false),
        ] {
            assert_eq!(listed.admits(origin, Some("here")), admitted, "{origin}");
        }
    }

    #[test]
    fn a_star_stands_for_all_subdomains() {
        let listed = origins(&["https://*.example.com", "http://*.local:8080"]);
        for (origin, admitted) in [
            ("https://app.example.com", true),
            ("https://a.b.example.com", true),
            ("http://one.local:8080", true),
            ("https://example.com", false),
            ("https://.example.com", false),
            ("https://evilexample.com", false),
            ("https://evil.com/.example.com", false),
            ("https://evil.com?.example.com", false),
            ("https://user@x.example.com", false),
            ("https://app.example.com:8443", false),
            ("http://app.example.com", false),
            ("http://one.local", false),
            ("https://app.example.com.evil.com", false),
        ] {
            assert_eq!(listed.admits(origin, Some("here")), admitted, "{origin}");
        }
    }

    #[test]
    fn only_an_origin_can_be_listed() {
        for wrong in [
            "*",
            "example.com",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example.com",
            "https://app.example.com/",
            "https://app.example.com/chat",
            "https://app.example.com:port",
            "https://app.example.com:99999",
            "https://a b",
            "",
        ] {
            let mut origins = Origins::default();
            origins.allow([wrong.to_owned()].into_iter());
            let invalid = origins.validate().unwrap_err();
            assert_eq!((invalid.option, invalid.value), ("HubOptions::allowed_origins", format!("{wrong:?}")));
        }
        origins(&["http://127.0.0.1:5000", "http://[::1]:5000", "https://xn--bcher-kva.example"]);
    }

    #[test]
    fn requests_without_an_origin_pass_and_with_two_they_do_not() {
        let own = origins(&[]);
        assert_eq!(check(&own, &request(&[("Host", "here")])), Ok(()));
        assert_eq!(check(&own, &request(&[])), Ok(()));
        let twice = request(&[("Host", "here"), ("Origin", "http://here"), ("Origin", "http://here")]);
        assert!(check(&own, &twice).is_err());
        let foreign = request(&[("Host", "here"), ("Origin", "http://there")]);
        assert_eq!(check(&own, &foreign), Err(ForeignOrigin("http://there".into())));
    }

    #[test]
    fn any_origin_passes_where_the_application_says_so() {
        let mut any = Origins::default();
        any.allow_any();
        for origin in ["http://there", "null", ""] {
            assert_eq!(check(&any, &request(&[("Host", "here"), ("Origin", origin)])), Ok(()));
        }
    }

    #[test]
    fn the_forwarded_host_counts_only_where_it_is_trusted() {
        let mut trusting = Origins::default();
        trusting.trust_forwarded_host(true);
        for headers in [
            ("X-Forwarded-Host", "app.example.com"),
            ("X-Forwarded-Host", "app.example.com, inner"),
            ("Forwarded", "for=1.2.3.4;host=app.example.com;proto=https"),
            ("Forwarded", "for=1.2.3.4; Host=\"app.example.com\", for=5.6.7.8;host=inner"),
        ] {
            let request = request(&[("Host", "inner"), headers, ("Origin", "https://app.example.com")]);
            assert_eq!(check(&trusting, &request), Ok(()), "{headers:?}");
            assert!(check(&Origins::default(), &request).is_err(), "{headers:?}");
        }
        let own = request(&[("Host", "app.example.com"), ("Origin", "https://app.example.com")]);
        assert_eq!(check(&trusting, &own), Ok(()), "no proxy in between");
    }

    #[test]
    fn the_authority_of_http_2_is_the_host() {
        let request =
            http::Request::builder().uri("https://app.example.com/chat").header("Origin", "https://app.example.com");
        assert_eq!(check(&Origins::default(), &request.body(()).unwrap()), Ok(()));
    }
}

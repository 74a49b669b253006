//! The cookies that a server has set, for later requests to the same host.
//!
//! A client speaks to one server, or to those that it is redirected to, so a cookie stays with the very host that has set it,
//! whatever its `Domain` says: then nothing has to be known of who owns which domains.

use http::{HeaderMap, HeaderValue, header};
use reqwest::Url;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::{Duration, Instant};

/// How many cookies are kept; the oldest goes when another comes.
const MAX_COOKIES: usize = 64;
/// How long name, value and path of one may be together.
const MAX_LENGTH: usize = 4096;

#[derive(Default)]
pub(super) struct Cookies(Mutex<Vec<Cookie>>);

struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    /// Whether it may be sent over https only.
    secure: bool,
    until: Option<Instant>,
}

impl Cookies {
    fn lock(&self) -> MutexGuard<'_, Vec<Cookie>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the answer from that URL sets.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        for set in headers.get_all(header::SET_COOKIE) {
            if let Ok(set) = std::str::from_utf8(set.as_bytes()) {
                self.set(url, set);
            }
        }
    }

    fn set(&self, url: &Url, set: &str) {
        let mut parts = set.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let mut cookie = Cookie {
            host: url.host_str().unwrap_or_default().to_owned(),
            path: default_path(url.path()).to_owned(),
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            secure: false,
            until: None,
        };
        let mut age = None;
        let mut expired = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if key.eq_ignore_ascii_case("path") && value.starts_with('/') {
                value.clone_into(&mut cookie.path);
            } else if key.eq_ignore_ascii_case("secure") {
                cookie.secure = true;
            } else if key.eq_ignore_ascii_case("max-age") {
                age = value.parse::<i64>().ok();
            } else if key.eq_ignore_ascii_case("expires") {
                expired = is_long_past(value);
            }
        }
        if cookie.name.is_empty() || cookie.name.len() + cookie.value.len() + cookie.path.len() > MAX_LENGTH {
            return;
        }
        let gone = age.map_or(expired, |age| age <= 0);
        cookie.until = age
            .and_then(|age| u64::try_from(age).ok())
            .and_then(|age| Instant::now().checked_add(Duration::from_secs(age)));
        let mut cookies = self.lock();
        cookies.retain(|old| !(old.host == cookie.host && old.path == cookie.path && old.name == cookie.name));
        if !gone {
            if cookies.len() >= MAX_COOKIES {
                cookies.remove(0);
            }
            cookies.push(cookie);
        }
    }

    /// Adds what belongs to a request to that URL.
    pub(super) fn add(&self, url: &Url, headers: &mut HeaderMap) {
        let now = Instant::now();
        let mut cookies = self.lock();
        cookies.retain(|cookie| cookie.until.is_none_or(|until| until > now));
        let mut fitting: Vec<&Cookie> = cookies.iter().filter(|cookie| cookie.fits(url)).collect();
        if fitting.is_empty() {
            return;
        }
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        let own = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let all = own.into_iter().chain(pairs).collect::<Vec<_>>().join("; ");
        if let Ok(mut value) = HeaderValue::try_from(all) {
            value.set_sensitive(true);
            headers.insert(header::COOKIE, value);
        }
    }
}

impl Cookie {
    fn fits(&self, url: &Url) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/');
        url.host_str() == Some(&self.host)
            && (!self.secure || url.scheme() == "https")
            && url.path().strip_prefix(&self.path).is_some_and(below)
    }
}

/// The folder of a path, for cookies without a path ([RFC 6265, section 5.1.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4)).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => path.get(..end).unwrap_or("/"),
    }
}

/// Whether a date is one by which servers take cookies back. Cookies are not kept beyond the life of the client, so later ends
/// make no difference.
fn is_long_past(date: &str) -> bool {
    let years = date.split([' ', '-']).filter(|part| part.len() == 4).filter_map(|part| part.parse::<u16>().ok());
    years.max().is_some_and(|year| year < 2020)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &Cookies, url: &str) -> String {
        let mut headers = HeaderMap::new();
        cookies.add(&Url::parse(url).unwrap(), &mut headers);
        headers.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    fn set(cookies: &Cookies, url: &str, cookie: &'static str) {
        let headers = HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_static(cookie))]);
        cookies.store(&Url::parse(url).unwrap(), &headers);
    }

    #[test]
    fn what_is_set_is_sent_to_the_same_host_and_below_its_path() {
        let cookies = Cookies::default();
        set(&cookies, "http://host/hub/negotiate", "affinity=one=1; Path=/; HttpOnly");
        set(&cookies, "http://host/hub/negotiate", " deep = 2 ; SameSite=Lax");
        assert_eq!(sent(&cookies, "http://host/hub?id=1"), "deep=2; affinity=one=1");
        assert_eq!(sent(&cookies, "http://host:81/hubs"), "affinity=one=1");
        assert_eq!(sent(&cookies, "http://other/hub"), "");
        set(&cookies, "http://host/", "affinity=two; path=/");
        assert_eq!(sent(&cookies, "http://host/"), "affinity=two");
    }

    #[test]
    fn a_cookie_for_https_is_not_sent_in_the_clear() {
        let cookies = Cookies::default();
        set(&cookies, "https://host/", "key=1; Secure; Domain=com");
        assert_eq!(sent(&cookies, "http://host/"), "");
        assert_eq!(sent(&cookies, "https://host/"), "key=1");
        assert_eq!(sent(&cookies, "https://other.com/"), "");
    }

    #[tokio::test(start_paused = true)]
    async fn cookies_end() {
        let cookies = Cookies::default();
        for end in
            ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=-1; Expires=Thu, 01 Jan 2099 00:00:00 GMT"]
        {
            set(&cookies, "http://host/", "a=1");
            assert_eq!(sent(&cookies, "http://host/"), "a=1");
            let taken_back = HeaderValue::try_from(format!("a=; {end}")).unwrap();
            let headers = HeaderMap::from_iter([(header::SET_COOKIE, taken_back)]);
            cookies.store(&Url::parse("http://host/").unwrap(), &headers);
            assert_eq!(sent(&cookies, "http://host/"), "", "{end}");
        }
        set(&cookies, "http://host/", "a=1; max-age=60");
        assert_eq!(sent(&cookies, "http://host/"), "a=1");
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(sent(&cookies, "http://host/"), "");
    }

    #[test]
    fn there_are_not_more_than_so_many() {
        let cookies = Cookies::default();
        for number in 0..200 {
            cookies.set(&Url::parse("http://host/").unwrap(), &format!("c{number}=1"));
        }
        cookies.set(&Url::parse("http://host/").unwrap(), &format!("long={}", "x".repeat(5000)));
        assert_eq!(cookies.lock().len(), MAX_COOKIES);
        assert!(sent(&cookies, "http://host/").ends_with("c199=1"));
    }
}

//! One line of an access log in the common or the combined format, as `log_line.read_log_line` reads it.
//!
//! No library for logs is used: the same lines must be refused, for the same reasons, as by the reference.

use crate::log_time::LOGGED;

const MAX_ID: usize = 256;
const MAX_METHOD: usize = 64;
const MAX_PATH: usize = 8192;
/// The most digits of an integer that a call can have.
const MAX_SIZE_DIGITS: usize = 18;

/// The content of a plain line. Nothing in it needs escaping in JSON; absent text is empty.
#[derive(Debug, PartialEq)]
pub struct LoggedRequest<'a> {
    pub address: &'a [u8],
    pub user: &'a [u8],
    pub time: &'a [u8; LOGGED],
    pub method: &'a [u8],
    pub path: &'a [u8],
    pub status: &'a [u8; 3],
    pub size: &'a [u8],
}

/// The classes of each byte, one bit per class.
const WORD: u8 = 1;
const TARGET: u8 = 2;
const PATH: u8 = 4;

const KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = b'!' as usize;
    while byte <= b'~' as usize {
        if byte != b'"' as usize && byte != b'\\' as usize {
            kinds[byte] = WORD | TARGET | if byte == b'?' as usize { 0 } else { PATH };
        }
        byte += 1;
    }
    kinds
}

/// Reads a line without its line ending; None unless it is clearly a request.
#[inline]
pub fn read(line: &[u8]) -> Option<LoggedRequest<'_>> {
    let mut rest = Rest(line);
    let mut address = rest.run(WORD, MAX_ID)?;
    rest.expect(b" ")?;
    if !rest.0.starts_with(b"- ") {
        if !is_host_with_port(address) {
            return None;
        }
        address = rest.run(WORD, MAX_ID)?;
        rest.expect(b" ")?;
    }
    rest.expect(b"- ")?;
    let user = rest.run(WORD, MAX_ID)?;
    rest.expect(b" [")?;
    let time = rest.0.first_chunk::<LOGGED>()?;
    rest.0 = &rest.0[LOGGED..];
    rest.expect(b"] \"")?;
    let method = rest.method()?;
    rest.expect(b" ")?;
    let path = rest.run(PATH, MAX_PATH)?;
    if path[0] != b'/' {
        return None;
    }
    rest.pass(TARGET);
    rest.expect(b" HTTP/")?;
    rest.version()?;
    rest.expect(b"\" ")?;
    let status = rest.status()?;
    rest.expect(b" ")?;
    let size = rest.size()?;
    matches!(rest.0.first(), None | Some(b' ')).then_some(LoggedRequest {
        address: unless_absent(address),
        user: unless_absent(user),
        time,
        method,
        path,
        status,
        size: unless_absent(size),
    })
}

/// `www.example.com:443`, which some servers write before the address.
fn is_host_with_port(word: &[u8]) -> bool {
    let mut parts = word.splitn(3, |&byte| byte == b':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(host), Some(port), None) => {
            !host.is_empty() && (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn unless_absent(word: &[u8]) -> &[u8] {
    if word == b"-" { b"" } else { word }
}

/// The unread rest of a line.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    #[inline(always)]
    fn expect(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// The following bytes of a class, at least one and at most `most`.
    #[inline(always)]
    fn run(&mut self, kind: u8, most: usize) -> Option<&'a [u8]> {
        let length = self.length(kind);
        if length == 0 || length > most { None } else { Some(self.take(length)) }
    }

    #[inline(always)]
    fn pass(&mut self, kind: u8) {
        self.take(self.length(kind));
    }

    #[inline(always)]
    fn length(&self, kind: u8) -> usize {
        self.0.iter().take_while(|&&byte| KINDS[usize::from(byte)] & kind != 0).count()
    }

    #[inline(always)]
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    #[inline(always)]
    fn method(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        if length == 0 || length > MAX_METHOD { None } else { Some(self.take(length)) }
    }

    /// A digit, or two with a point between them.
    #[inline(always)]
    fn version(&mut self) -> Option<()> {
        let length = match *self.0 {
            [major, b'.', minor, ..] if major.is_ascii_digit() && minor.is_ascii_digit() => 3,
            [major, ..] if major.is_ascii_digit() => 1,
            _ => return None,
        };
        self.take(length);
        Some(())
    }

    /// Three digits that are a status of a call.
    #[inline(always)]
    fn status(&mut self) -> Option<&'a [u8; 3]> {
        let status = self.0.first_chunk::<3>()?;
        if !matches!(status, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
            return None;
        }
        self.take(status.len());
        Some(status)
    }

    /// Digits without a leading zero, or a dash.
    #[inline(always)]
    fn size(&mut self) -> Option<&'a [u8]> {
        if self.0.first() == Some(&b'-') {
            return Some(self.take(1));
        }
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let leading_zero = length > 1 && self.0[0] == b'0';
        if length == 0 || length > MAX_SIZE_DIGITS || leading_zero { None } else { Some(self.take(length)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str =
        r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?b=c HTTP/1.0" 200 2326"#;

    #[test]
    fn a_plain_line_tells_its_request() {
        let request = LoggedRequest {
            address: b"127.0.0.1",
            user: b"frank",
            time: b"10/Oct/2000:13:55:36 -0700",
            method: b"GET",
            path: b"/a.gif",
            status: b"200",
            size: b"2326",
        };
        assert_eq!(read(COMMON.as_bytes()), Some(request));
    }

    #[test]
    fn what_is_absent_is_empty_and_what_follows_is_passed_over() {
        let line = b"- - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/2\" 304 - \"\xff\" \"";
        let request = read(line).unwrap();
        let LoggedRequest { address, user, path, size, .. } = request;
        assert_eq!((address, user, path, size), (&b""[..], &b""[..], &b"/"[..], &b""[..]));
    }

    #[test]
    fn a_host_with_its_port_may_stand_first() {
        for (head, address) in [
            ("www.example.com:443 10.0.0.9 - ", Some("10.0.0.9")),
            ("10.0.0.9:443 - ", Some("10.0.0.9:443")),
            ("a:443 b:443 - ", Some("b:443")),
            ("::1 - ", Some("::1")),
            ("::1 ::2 - ", None),
            (":443 b - ", None),
            ("a: b - ", None),
            ("a:123456 b - ", None),
            ("a b - ", None),
            ("a:443 b c ", None),
        ] {
            let line = COMMON.replace("127.0.0.1 - ", head);
            let found = read(line.as_bytes()).map(|request| request.address);
            assert_eq!(found, address.map(str::as_bytes), "{head}");
        }
    }

    #[test]
    fn what_is_not_plain_is_none() {
        for (plain, odd) in [
            ("127.0.0.1", ""),
            ("127.0.0.1", "a\\x22b"),
            ("127.0.0.1", "a\"b"),
            ("127.0.0.1", "\u{e4}"),
            (" - ", " ident "),
            ("frank", "frank b"),
            ("frank", "fr\\ank"),
            ("frank", "\"\""),
            ("[10/", "[110/"),
            ("] \"", "]  \""),
            ("GET", "get"),
            ("GET /", "/"),
            ("GET /", "GET *"),
            ("GET /", "GET http://a/"),
            ("/a.gif", "/a\\x22"),
            ("/a.gif", "/a b"),
            ("?b=c", "?b=\\"),
            (" HTTP/1.0", ""),
            (" HTTP/1.0", " HTTP/x"),
            (" HTTP/1.0", " HTTP/1."),
            (" 200 ", " 099 "),
            (" 200 ", " 600 "),
            (" 200 ", " 2000 "),
            (" 200 ", " - "),
            ("2326", ""),
            ("2326", "02"),
            ("2326", "1234567890123456789"),
            ("2326", "12a"),
            ("2326", "--"),
        ] {
            let line = COMMON.replace(plain, odd);
            assert_ne!(line, COMMON);
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(read(b""), None);
    }

    #[test]
    fn a_text_may_be_as_long_as_its_limit_and_no_longer() {
        for (text, limit) in [("127.0.0.1", MAX_ID), ("frank", MAX_ID), ("GET", MAX_METHOD)] {
            assert!(read(COMMON.replace(text, &"A".repeat(limit)).as_bytes()).is_some());
            assert!(read(COMMON.replace(text, &"A".repeat(limit + 1)).as_bytes()).is_none());
        }
        let path = |length: usize| COMMON.replace("/a.gif", &format!("/{}", "p".repeat(length - 1)));
        assert!(read(path(MAX_PATH).as_bytes()).is_some());
        assert!(read(path(MAX_PATH + 1).as_bytes()).is_none());
    }
}

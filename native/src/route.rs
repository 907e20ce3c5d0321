//! Routes of calls that have only a path, as `routes.RouteNaming` derives them without patterns.

const PLACEHOLDER: &[u8] = b"{id}";
const LEAST_HEX_DIGITS: usize = 24;
const UUID_LENGTH: usize = 36;

/// Replaces `route` by the route derived from a path.
pub fn derive(path: &[u8], route: &mut Vec<u8>) {
    route.clear();
    let mut rest = path;
    loop {
        let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
        let part = &rest[..end];
        route.extend_from_slice(if is_identifier(part) { PLACEHOLDER } else { part });
        let Some((slash, further)) = rest[end..].split_first() else {
            return;
        };
        route.push(*slash);
        rest = further;
    }
}

fn is_identifier(part: &[u8]) -> bool {
    let Some(first) = part.first() else {
        return false;
    };
    first.is_ascii_hexdigit() && (part.iter().all(u8::is_ascii_digit) || is_long_hex(part) || is_uuid(part))
}

fn is_long_hex(part: &[u8]) -> bool {
    part.len() >= LEAST_HEX_DIGITS && part.iter().all(u8::is_ascii_hexdigit)
}

fn is_uuid(part: &[u8]) -> bool {
    part.len() == UUID_LENGTH
        && part.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::derive;

    fn route_of(path: &str) -> String {
        let mut route = b"what was here before".to_vec();
        derive(path.as_bytes(), &mut route);
        String::from_utf8(route).unwrap()
    }

    #[test]
    fn parts_that_look_like_ids_become_placeholders() {
        assert_eq!(route_of(""), "");
        assert_eq!(route_of("/"), "/");
        assert_eq!(route_of("17"), "{id}");
        assert_eq!(route_of("/users/17//x/"), "/users/{id}//x/");
        assert_eq!(route_of("/17a/1-7/ä/٣"), "/17a/1-7/ä/٣");
        assert_eq!(
            route_of("/0123456789abcdefABCDEF01/0123456789abcdefABCDEF0"),
            "/{id}/0123456789abcdefABCDEF0"
        );
        assert_eq!(route_of("/01234567-89ab-cdef-0123-456789ABCDEF"), "/{id}");
        assert_eq!(
            route_of("/01234567-89ab-cdef-0123-456789ABCDEG"),
            "/01234567-89ab-cdef-0123-456789ABCDEG"
        );
    }
}

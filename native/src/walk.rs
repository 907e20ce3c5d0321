//! A walk over the elements of one JSON array or the members of one object, which looks at structure only.
//!
//! Nothing but texts, brackets and commas is told apart, so what an element is its decoder must say. The
//! Python twin in `calltally.ingest.structure` promises the same, byte for byte.

use crate::scan::end_of_run;

/// Why a list cannot be told apart into its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    CutOff,
    Missing,
    TooMany,
}

impl Why {
    pub fn name(self) -> &'static str {
        match self {
            Why::CutOff => "cut_off",
            Why::Missing => "missing",
            Why::TooMany => "too_many",
        }
    }
}

/// A fault, the index of the element that has it, and its place in the body.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub why: Why,
    pub index: usize,
    pub place: usize,
}

/// What is blank in a line, as `bytes.strip` has it.
#[inline(always)]
pub fn is_blank(byte: u8) -> bool {
    byte == b' ' || (0x09..=0x0d).contains(&byte)
}

/// Where the list that begins with the bracket at `start` ends: the place behind its last bracket.
///
/// `separator` gets the place of each comma between elements. A bracket closes whichever was opened last, of
/// whatever kind. A list without elements has no commas; elsewhere an element must stand before each comma and
/// before the end.
pub fn walk(
    body: &[u8],
    start: usize,
    most: usize,
    mut separator: impl FnMut(usize),
) -> Result<usize, Fault> {
    let (mut at, mut depth, mut index, mut begun) = (start + 1, 1usize, 0usize, false);
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => {
                begun = true;
                at = behind_text(body, at + 1);
                continue;
            }
            b'\\' => {
                begun = true;
                at = behind_escape(body, at);
                continue;
            }
            b'{' | b'[' => {
                begun = true;
                depth += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return if begun || index == 0 {
                        Ok(at + 1)
                    } else {
                        Err(Fault { why: Why::Missing, index, place: at })
                    };
                }
            }
            b',' if depth == 1 => {
                if !begun {
                    return Err(Fault { why: Why::Missing, index, place: at });
                }
                index += 1;
                begun = false;
                if index == most {
                    return Err(Fault { why: Why::TooMany, index, place: at });
                }
                separator(at);
            }
            _ => begun |= !is_blank(byte),
        }
        at += 1;
    }
    Err(Fault { why: Why::CutOff, index, place: body.len() })
}

/// The place behind the quote that ends a text, or the end of the bytes.
fn behind_text(body: &[u8], mut at: usize) -> usize {
    loop {
        at = end_of_run(body, at).0;
        match body.get(at) {
            None => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => at = behind_escape(body, at),
            Some(_) => at += 1,
        }
    }
}

/// A backslash takes its meaning from a quote or a backslash right behind it, and from nothing else.
fn behind_escape(body: &[u8], at: usize) -> usize {
    match body.get(at + 1) {
        Some(b'"' | b'\\') => at + 2,
        _ => at + 1,
    }
}

/// An array on as many lines as it has elements, in as many bytes, and the place behind it in the body.
///
/// A line break within an element becomes a carriage return, which JSON allows and forbids in the same places;
/// brackets of the array itself become spaces. `target` has the length of the body from `start` on.
pub fn array_lines(body: &[u8], start: usize, most: usize, target: &mut [u8]) -> Result<usize, Fault> {
    let mut done = start + 1;
    let mut copy = |from: usize, to: usize| {
        for (copied, &byte) in target[from - start..to - start].iter_mut().zip(&body[from..to]) {
            *copied = if byte == b'\n' { b'\r' } else { byte };
        }
    };
    let mut separators = Vec::new();
    let end = walk(body, start, most, |place| separators.push(place))?;
    for place in separators.iter().copied().chain([end - 1]) {
        copy(done, place);
        done = place + 1;
    }
    target[0] = b' ';
    for &place in &separators {
        target[place - start] = b'\n';
    }
    target[end - 1 - start..].fill(b' ');
    Ok(end)
}

/// The elements of a list, each from its first byte to the one behind its last, and the place behind the list.
pub fn elements(body: &[u8], start: usize, most: usize) -> Result<(Vec<(usize, usize)>, usize), Fault> {
    let mut elements = Vec::new();
    let mut first = start + 1;
    let end = walk(body, start, most, |place| {
        elements.push((first, place));
        first = place + 1;
    })?;
    if !elements.is_empty() || !body[first..end - 1].iter().all(|&byte| is_blank(byte)) {
        elements.push((first, end - 1));
    }
    Ok((elements, end))
}

/// Where the list that begins at `start` ends, whatever is missing in it; None when it does not.
pub fn end_of_list(body: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0usize);
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => {
                at = behind_text(body, at + 1);
                continue;
            }
            b'\\' => {
                at = behind_escape(body, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The first place from `start` on that is not blank, or the end of the bytes.
pub fn past_blanks(body: &[u8], start: usize) -> usize {
    let rest = body.get(start..).unwrap_or_default();
    rest.iter().position(|&byte| !is_blank(byte)).map_or(body.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str, most: usize) -> Result<(String, usize), (Why, usize, usize)> {
        let mut target = vec![0; body.len()];
        array_lines(body.as_bytes(), 0, most, &mut target)
            .map(|end| (String::from_utf8(target).unwrap(), end))
            .map_err(|fault| (fault.why, fault.index, fault.place))
    }

    #[test]
    fn an_array_becomes_a_line_for_each_element() {
        for (body, expected) in [
            ("[]", "  "),
            ("[1]", " 1 "),
            ("[1,[2,3],{\"a\":4,\"b\":[5]}]", " 1\n[2,3]\n{\"a\":4,\"b\":[5]} "),
            ("[\n {\n\"a\":1},\n2]", " \r {\r\"a\":1}\n\r2 "),
            (r#"["a,]\"",",\\","\\\"]"]"#, " \"a,]\\\"\"\n\",\\\\\"\n\"\\\\\\\"]\" "),
            ("[\"a\nb\"]", " \"a\rb\" "),
        ] {
            assert_eq!(lines(body, 9), Ok((expected.to_owned(), body.len())), "{body}");
        }
    }

    #[test]
    fn what_stands_behind_an_array_is_left_to_whoever_asked() {
        assert_eq!(lines("[1] x", 9), Ok((" 1   ".to_owned(), 3)));
    }

    #[test]
    fn what_cannot_be_told_apart_is_a_fault_with_its_index_and_place() {
        for (body, fault) in [
            ("[", (Why::CutOff, 0, 1)),
            ("[1,", (Why::CutOff, 1, 3)),
            ("[1,[2}", (Why::CutOff, 1, 6)),
            ("[1,\"2]", (Why::CutOff, 1, 6)),
            ("[1,\"2\\\"]", (Why::CutOff, 1, 8)),
            ("[,1]", (Why::Missing, 0, 1)),
            ("[1,]", (Why::Missing, 1, 3)),
            ("[1, ,2]", (Why::Missing, 1, 4)),
            ("[1,2,3]", (Why::TooMany, 2, 4)),
        ] {
            assert_eq!(lines(body, 2), Err(fault), "{body}");
        }
        assert!(lines("[1,2]", 2).is_ok());
    }

    #[test]
    fn elements_are_where_they_stand() {
        let body = br#" {"a":1, "b":[2,3]} "#;
        assert_eq!(elements(body, 1, 9).unwrap(), (vec![(2, 7), (8, 18)], 19));
        assert_eq!(elements(b"{ }", 0, 9).unwrap(), (vec![], 3));
    }
}

//! Texts of calls as places in the received bytes.

const UNESCAPED: u32 = 1 << 31;

/// The most bytes of a body that can be addressed; longer bodies are declined.
pub const MAX_BODY: usize = UNESCAPED as usize - 1;

/// A text as its place in a body or, when it was written with escapes, among the unescaped texts.
#[derive(Clone, Copy, Default)]
pub struct Text {
    start: u32,
    length: u32,
}

impl Text {
    #[inline(always)]
    pub fn in_body(start: usize, end: usize) -> Self {
        Text { start: start as u32, length: (end - start) as u32 }
    }

    /// None if there are more unescaped texts than can be addressed.
    pub fn among_unescaped(start: usize, end: usize) -> Option<Self> {
        (end < MAX_BODY).then(|| Text { start: start as u32 | UNESCAPED, length: (end - start) as u32 })
    }

    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    pub fn len(self) -> usize {
        self.length as usize
    }

    /// The first `length` bytes of the text.
    pub fn first(self, length: usize) -> Self {
        Text { start: self.start, length: self.length.min(length as u32) }
    }
}

/// The bytes that texts refer to.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub body: &'a [u8],
    pub unescaped: &'a [u8],
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub fn bytes(&self, text: Text) -> &'a [u8] {
        let bytes = if text.start & UNESCAPED == 0 { self.body } else { self.unescaped };
        let start = (text.start & !UNESCAPED) as usize;
        &bytes[start..start + text.len()]
    }
}

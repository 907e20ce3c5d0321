//! Prefetching of memory.

/// Prefetches the first cache line of a value, without waiting.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
pub fn fetch<T>(value: &T) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch is a hint that reads nothing, and the address is that of a live value.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn fetch<T>(_: &T) {}

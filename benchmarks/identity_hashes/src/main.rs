//! Nanoseconds that each candidate takes for one identity, the best of many rounds.
//!
//!     cargo run --release --manifest-path benchmarks/identity_hashes/Cargo.toml
//!
//! The decision is in docs/decisions/0023-identities-are-keyed-hashes.md.

use std::hash::Hasher;
use std::hint::black_box;
use std::time::Instant;

use blake3::IncrementCounter;
use blake3::platform::{Platform, words_from_le_bytes_32};
use siphasher::sip128::{Hasher128, SipHasher24};
use xxhash_rust::xxh3::xxh3_128_with_seed;

const MESSAGES: usize = 10_000;
const ROUNDS: usize = 25;
const LENGTHS: [usize; 5] = [30, 44, 64, 80, 100];
const LANES: usize = 16;
const BLOCK: usize = 64;
const KEY: [u8; 32] = [7; 32];

fn main() {
    println!("lanes: {:?}", Platform::detect());
    println!("{:36}{}", "bytes", LENGTHS.map(|length| format!("{length:>8}")).concat());
    row("XXH3-128 with a seed", |message| xxh3_128_with_seed(message, 17) as u64);
    row("SipHash-2-4-128", |message| {
        let mut hasher = SipHasher24::new_with_keys(1, 2);
        hasher.write(message);
        hasher.finish128().h1
    });
    let mut params = blake2s_simd::Params::new();
    params.hash_length(16).key(&KEY);
    row("BLAKE2s keyed, one after the other", |message| first_word(params.hash(message).as_bytes()));
    many_blake2s(&params);
    let mut params = blake2b_simd::Params::new();
    params.hash_length(16).key(&KEY);
    row("BLAKE2b keyed, one after the other", |message| first_word(params.hash(message).as_bytes()));
    row("BLAKE3 keyed, one after the other", |message| {
        first_word(blake3::keyed_hash(&KEY, message).as_bytes())
    });
    many_blake3();
}

fn row(name: &str, hash: impl Fn(&[u8]) -> u64) {
    let timed = LENGTHS.map(|length| {
        best(&messages(length), |messages| {
            messages.iter().fold(0, |sum, message| sum ^ hash(black_box(message)))
        })
    });
    show(name, timed);
}

/// The best that the crate offers for messages that come together.
fn many_blake2s(params: &blake2s_simd::Params) {
    let timed = LENGTHS.map(|length| {
        best(&messages(length), |messages| {
            let mut sum = 0;
            for some in messages.chunks(8) {
                let mut jobs: Vec<_> = some
                    .iter()
                    .map(|message| blake2s_simd::many::HashManyJob::new(params, message))
                    .collect();
                blake2s_simd::many::hash_many(jobs.iter_mut());
                for job in &jobs {
                    sum ^= first_word(job.to_hash().as_bytes());
                }
            }
            sum
        })
    });
    show("BLAKE2s keyed, eight at once", timed);
}

/// As `native/src/identity_key.rs` does it: filled up to whole blocks, copies included.
fn many_blake3() {
    let timed = LENGTHS.map(|length| {
        let messages = messages(length);
        if length <= BLOCK {
            best(&messages, lanes::<BLOCK>)
        } else {
            best(&messages, lanes::<{ 2 * BLOCK }>)
        }
    });
    show("BLAKE3 keyed, sixteen at once", timed);
}

fn lanes<const BYTES: usize>(messages: &[Vec<u8>]) -> u64 {
    let (platform, key) = (Platform::detect(), words_from_le_bytes_32(&KEY));
    let (mut filled, mut hashes, mut sum) = ([[0; BYTES]; LANES], [0; 32 * LANES], 0);
    for some in messages.chunks(LANES) {
        for (place, message) in filled.iter_mut().zip(some) {
            place[..message.len()].copy_from_slice(message);
            place[message.len()..].fill(0);
        }
        let inputs: [&[u8; BYTES]; LANES] = std::array::from_fn(|lane| &filled[lane]);
        let inputs = &inputs[..some.len()];
        platform.hash_many(inputs, &key, 0, IncrementCounter::No, 1 << 4, 1, 1 << 1 | 1 << 3, &mut hashes);
        sum ^= hashes.chunks_exact(32).take(some.len()).fold(0, |sum, hash| sum ^ first_word(hash));
    }
    sum
}

fn messages(length: usize) -> Vec<Vec<u8>> {
    (0..MESSAGES)
        .map(|number| {
            let mut message = vec![b'a'; length];
            message[length - 20..].copy_from_slice(format!("{number:020}").as_bytes());
            message
        })
        .collect()
}

fn best(messages: &[Vec<u8>], work: impl Fn(&[Vec<u8>]) -> u64) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            black_box(work(black_box(messages)));
            began.elapsed().as_secs_f64() / messages.len() as f64 * 1e9
        })
        .fold(f64::MAX, f64::min)
}

fn first_word(hash: &[u8]) -> u64 {
    u64::from_le_bytes(*hash.first_chunk().expect("a hash of at least 8 bytes"))
}

fn show(name: &str, timed: [f64; LENGTHS.len()]) {
    println!("{name:36}{}", timed.map(|each| format!("{each:8.1}")).concat());
}

//! The least a verification can cost: written by hand for one configuration, with nothing to configure.
//!
//! It finds the header, the prefix and the token; takes the token's keyed fingerprint; finds its record; checks status,
//! expiry, proxy, method, path and scope; and leaves the record where 25 variables can be read from it on demand.

use std::hash::Hasher;
use std::hint::black_box;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use siphasher::sip128::{Hasher128, SipHasher13};
use tollgate::host::Host;

use crate::bench::Bench;
use crate::{jobs, ours};

const NOW: u32 = (jobs::NOW / 1_000) as u32;
const READ: u64 = 1;
const WRITE: u64 = 2;
const ADMIN: u64 = 4;
const PROXY: u32 = 17;

pub fn add(bench: &mut Bench) {
    let shared: std::rc::Rc<std::cell::OnceCell<std::rc::Rc<Table>>> = Default::default();
    for (row, name) in ours::ROWS {
        bench.add(&format!("{row}/probe"), 20_000, |stored| {
            let table = shared.get_or_init(|| std::rc::Rc::new(filled(stored, sip_hash))).clone();
            job(Probe::new(table, sip_hash, name), name)
        });
    }
    bench.add("SHA-256 at rest, accepted/probe", 5_000, |stored| {
        let table = std::rc::Rc::new(filled(stored, sha_256));
        job(Probe::new(table, sha_256, "verify: accepted"), "verify: accepted")
    });
}

/// The probe on the requests of the library's job of a name.
fn job<F: Fn(&[u8]) -> [u64; 2]>(probe: Probe<F>, name: &str) -> impl FnMut(u64) + use<F> {
    let job = jobs::verify_on(&Host::in_memory()).into_iter().find(|job| job.name == name).unwrap();
    let want = match name {
        "verify: accepted" => None,
        "verify: no header" => Some(Refusal::Header),
        "verify: unknown" => Some(Refusal::Unknown),
        "verify: expired" => Some(Refusal::Expired),
        "verify: revoked" => Some(Refusal::Revoked),
        "verify: no product" => Some(Refusal::Product),
        _ => Some(Refusal::Scope),
    };
    let requests: Vec<Request<Bytes>> = job.requests;
    let mut at = 0;
    move |times| {
        for _ in 0..times {
            at = if at + 1 == requests.len() { 0 } else { at + 1 };
            let mut context = Context::default();
            assert_eq!(probe.verify(black_box(&requests[at]), NOW, &mut context).err(), want);
            black_box(&context.token);
        }
    }
}

fn filled(stored: usize, fingerprint: impl Fn(&[u8]) -> [u64; 2]) -> Table {
    let mut table = Table::with_capacity(stored + 3 * jobs::TOKENS);
    let approved = Record { app: 1, products: 0, expires: NOW + 3_600, scopes: 0, flags: 1 };
    for (prefix, count, record) in [
        ("good", jobs::TOKENS, approved),
        ("expired", jobs::TOKENS, Record { expires: NOW - 1, ..approved }),
        ("revoked", jobs::TOKENS, Record { flags: 0, ..approved }),
        ("other", stored, approved),
    ] {
        (0..count).for_each(|n| table.insert(fingerprint(jobs::token(prefix, n).as_bytes()), record));
    }
    table
}

fn sip_hash(token: &[u8]) -> [u64; 2] {
    let mut hasher = SipHasher13::new_with_keys(black_box(0x0706_0504_0302_0100), black_box(0x0F0E_0D0C_0B0A_0908));
    hasher.write(token);
    let hash = hasher.finish128();
    [hash.h1, hash.h2]
}

fn sha_256(token: &[u8]) -> [u64; 2] {
    let digest = ring::digest::digest(&ring::digest::SHA256, token);
    let half = |from: usize| u64::from_le_bytes(digest.as_ref()[from..from + 8].try_into().unwrap());
    [half(0), half(8)]
}

#[derive(Debug, PartialEq)]
enum Refusal {
    Header,
    Unknown,
    Expired,
    Revoked,
    Product,
    Scope,
}

/// What a verification leaves behind: every variable is read from it.
#[derive(Default)]
struct Context<'a> {
    token: Option<(&'a Record, &'a [u8])>,
}

struct Probe<F> {
    table: std::rc::Rc<Table>,
    fingerprint: F,
    products: Vec<Product>,
    scopes: Vec<u64>,
    required: u64,
}

struct Product {
    proxies: u64,
    methods: u16,
    patterns: Vec<Vec<Segment>>,
}

enum Segment {
    Literal(&'static str),
    One,
    Rest,
}

impl<F: Fn(&[u8]) -> [u64; 2]> Probe<F> {
    fn new(table: std::rc::Rc<Table>, fingerprint: F, name: &str) -> Self {
        let patterns = vec![
            vec![Segment::Literal("open"), Segment::Rest],
            vec![Segment::Literal("status")],
            vec![Segment::Literal("items"), Segment::One],
        ];
        let required = if name == "verify: no scope" { ADMIN } else { READ };
        let products = vec![Product { proxies: 1 << PROXY, methods: 3, patterns }];
        Self { table, fingerprint, products, scopes: vec![WRITE | READ], required }
    }

    #[inline(never)]
    fn verify<'a>(&'a self, request: &'a Request<Bytes>, now: u32, context: &mut Context<'a>) -> Result<(), Refusal> {
        let token = bearer(request.headers()).ok_or(Refusal::Header)?;
        let path = request.uri().path().as_bytes();
        let slashes = slashes(path);
        let record = self.table.get((self.fingerprint)(token)).ok_or(Refusal::Unknown)?;
        if record.flags & 1 == 0 {
            return Err(Refusal::Revoked);
        }
        if record.expires <= now {
            return Err(Refusal::Expired);
        }
        let product = &self.products[record.products as usize];
        let method = match *request.method() {
            Method::GET => 1,
            Method::POST => 2,
            Method::PUT => 4,
            Method::DELETE => 8,
            _ => 16,
        };
        if product.proxies >> black_box(PROXY) & 1 == 0
            || product.methods & method == 0
            || !product.patterns.iter().any(|pattern| matches(pattern, path, slashes))
        {
            return Err(Refusal::Product);
        }
        if self.required != 0 && self.scopes[record.scopes as usize] & self.required == 0 {
            return Err(Refusal::Scope);
        }
        context.token = Some((record, token));
        Ok(())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (prefix, token) = value.split_at_checked(7)?;
    (prefix.eq_ignore_ascii_case(b"Bearer ") && (16..4_096).contains(&token.len())).then_some(token)
}

/// Where the slashes are among the first 64 bytes, as bits; eight bytes at a time.
fn slashes(path: &[u8]) -> u64 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let bits = |word: [u8; 8]| {
        let zero_where = u64::from_le_bytes(word) ^ 0x2F2F_2F2F_2F2F_2F2F;
        let high_where = !(((zero_where & LOW) + LOW) | zero_where | LOW);
        (high_where >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let (words, rest) = path[..path.len().min(64)].as_chunks::<8>();
    let mut mask = 0;
    for (n, word) in words.iter().enumerate() {
        mask |= bits(*word) << (8 * n);
    }
    for (n, byte) in rest.iter().enumerate() {
        mask |= u64::from(*byte == b'/') << (8 * words.len() + n);
    }
    mask
}

fn matches(pattern: &[Segment], path: &[u8], slashes: u64) -> bool {
    let (mut ahead, mut at) = (slashes & !1, 1);
    for segment in pattern {
        if at > path.len() {
            return false;
        }
        let end = if ahead == 0 { path.len() } else { ahead.trailing_zeros() as usize };
        match segment {
            Segment::Rest => return true,
            Segment::Literal(text) if text.as_bytes() != &path[at..end] => return false,
            Segment::One if end == at => return false,
            _ => {}
        }
        ahead &= ahead.wrapping_sub(1);
        at = end + 1;
    }
    at > path.len()
}

#[derive(Clone, Copy, Default)]
pub struct Record {
    pub app: u32,
    pub products: u32,
    pub expires: u32,
    pub scopes: u16,
    pub flags: u16,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: [u64; 2],
    record: Record,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Slot; 2]);

/// Open addressing over cache lines of two slots: one look-up touches one line.
pub struct Table(Vec<Line>);

impl Table {
    /// Four fifths full with as many records.
    pub fn with_capacity(records: usize) -> Self {
        Self(vec![Line::default(); records * 5 / 8 + 1])
    }

    fn home(&self, key: [u64; 2]) -> usize {
        ((u128::from(key[0]) * self.0.len() as u128) >> 64) as usize
    }

    pub fn insert(&mut self, key: [u64; 2], record: Record) {
        let mut at = self.home(key);
        loop {
            if let Some(slot) = self.0[at].0.iter_mut().find(|slot| slot.key == [0, 0] || slot.key == key) {
                *slot = Slot { key, record };
                return;
            }
            at = if at + 1 == self.0.len() { 0 } else { at + 1 };
        }
    }

    pub fn get(&self, key: [u64; 2]) -> Option<&Record> {
        let mut at = self.home(key);
        loop {
            let [first, second] = &self.0[at].0;
            if first.key == key {
                return Some(&first.record);
            }
            if second.key == key {
                return Some(&second.record);
            }
            if second.key == [0, 0] {
                return None;
            }
            at = if at + 1 == self.0.len() { 0 } else { at + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_by_segments() {
        let pattern = [Segment::Literal("customers"), Segment::One, Segment::Literal("orders"), Segment::Rest];
        for (path, want) in [
            ("/customers/42/orders/1", true),
            ("/customers/42/orders/1/lines", true),
            ("/customers//orders/1", false),
            ("/customers/42/other/1", false),
            ("/customers/42", false),
            ("/nope", false),
        ] {
            assert_eq!(matches(&pattern, path.as_bytes(), slashes(path.as_bytes())), want, "{path}");
        }
    }
}

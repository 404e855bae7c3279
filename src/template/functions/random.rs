//! Functions that draw random values.

use super::digest::push_hex;
use crate::template::RandomSource;
use crate::template::render::{Call, Output, RenderError};

/// `createUuid()`: a random (version 4) UUID.
pub(super) fn uuid(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let n = (u128::from(draw(call.cx.random)?) << 64) | u128::from(draw(call.cx.random)?);
    // Version and variant of RFC 9562, section 5.4.
    let n = n & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let bytes = n.to_be_bytes();
    let mut rest = bytes.as_slice();
    for length in [4, 2, 2, 2, 6] {
        let Some((group, after)) = rest.split_at_checked(length) else { break };
        if length != 4 {
            out.push('-')?;
        }
        push_hex(group, out)?;
        rest = after;
    }
    Ok(())
}

/// `randomLong([min[,max]])`, both ends included.
pub(super) fn long(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let least = call.integer(0)?.unwrap_or(i64::MIN);
    let most = call.integer(1)?.unwrap_or(i64::MAX);
    if least > most {
        return Err(call.fail("the minimum is above the maximum"));
    }
    let n = match most.abs_diff(least).checked_add(1) {
        Some(count) => least.wrapping_add_unsigned(below(count, call.cx.random)?),
        None => draw(call.cx.random)?.cast_signed(),
    };
    out.push_str(&n.to_string())
}

/// A number below a bound, every one as likely as any other; zero when the bound is zero.
pub(super) fn below(bound: u64, random: &dyn RandomSource) -> Result<u64, RenderError> {
    // Lemire's method: the high half of a product, redrawn when it would favour small numbers. A source that returns
    // the same bytes for ever must not hold the run for ever.
    let unfair = if bound == 0 { 0 } else { bound.wrapping_neg() % bound };
    for _ in 0..128 {
        let product = u128::from(draw(random)?) * u128::from(bound);
        let (high, low) = ((product >> 64) as u64, product as u64);
        if low >= unfair {
            return Ok(high);
        }
    }
    Err(RenderError::Random)
}

fn draw(random: &dyn RandomSource) -> Result<u64, RenderError> {
    let mut bytes = [0; 8];
    if random.fill(&mut bytes) { Ok(u64::from_le_bytes(bytes)) } else { Err(RenderError::Random) }
}

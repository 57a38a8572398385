//! Ranges of replicate numbers on the command line.

use std::ops::Range;

/// Replicates of one run at most.
const MOST: u64 = 1_000_000_000;

/// `N` for 0..N, or `FROM..TO`, TO left out.
fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |digits: &str| {
        digits.trim().parse::<u64>().map_err(|_| "a number of replicates, or a range as 20000..40000".to_owned())
    };
    let range = match text.split_once("..") {
        Some((from, to)) => number(from)?..number(to)?,
        None => 0..number(text)?,
    };
    if range.start > range.end {
        return Err(format!("the range ends before it begins: {}..{}", range.start, range.end));
    }
    if range.end > crate::random::TRUTH_REPLICATES || range.end - range.start > MOST {
        return Err(format!("at most {MOST} replicates, and no number beyond {}", crate::random::TRUTH_REPLICATES));
    }
    Ok(range)
}

/// A range with at least one number.
pub(super) fn some(text: &str) -> Result<Range<u64>, String> {
    match range(text)? {
        empty if empty.is_empty() => Err("at least one replicate".to_owned()),
        range => Ok(range),
    }
}

/// A range that may be empty.
pub(super) fn any(text: &str) -> Result<Range<u64>, String> {
    range(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_ranges() {
        assert_eq!(some("20000..40000"), Ok(20_000..40_000));
        assert_eq!((some("12"), any("0"), any("7..7")), (Ok(0..12), Ok(0..0), Ok(7..7)));
        for wrong in ["", "x", "-1", "1.5", "..", "3..", "..3", "0", "5..5", "9..3", "1..=3", "2000000000", "1e3"] {
            assert!(some(wrong).is_err(), "{wrong}");
        }
        assert!(some("1099511627000..1099511627776").is_ok() && some("1099511627000..1099511627777").is_err());
    }
}

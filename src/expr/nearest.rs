//! Did you mean …?

/// The candidate a misspelt name most likely stands for, if one is near enough; the earlier of two equally near.
///
/// Distance: insertions, deletions, replacements and swaps of neighbours (Damerau 1964, in the restricted form that
/// edits no part twice), blind to case and to `-` against `_`. Near enough: a third of the name's characters, at least
/// one from two characters on.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = characters(name);
    let cutoff = match name.len() {
        0 | 1 => 0,
        n => (n / 3).max(1),
    };
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let other = characters(candidate);
        if name.len().abs_diff(other.len()) > cutoff {
            continue;
        }
        let distance = distance(&name, &other);
        if distance <= cutoff && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn characters(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

/// Restricted Damerau–Levenshtein distance, three rows of the table at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row = before.clone();
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[b.len()]
}

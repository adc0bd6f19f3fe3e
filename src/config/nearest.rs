//! The key that somebody meant.

/// The name nearest to one that means nothing, if it is near enough.
pub fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = known.iter().map(|other| (distance(name, other), *other)).min();
    near.filter(|near| near.0 <= 1 + name.len() / 4).map(|near| near.1)
}

/// How many letters have to be changed, added or left out; a swap counts once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let at = |di: usize, dj: usize| {
                rows.get(i - di).and_then(|row| row.get(j - dj)).copied().unwrap_or(usize::MAX - 1)
            };
            let left = row.get(j - 1).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(1, 0) + 1)
                .min(left + 1)
                .min(at(1, 1) + usize::from(a.get(i - 1) != b.get(j - 1)));
            if i > 1 && j > 1 && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                best = best.min(at(2, 2) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

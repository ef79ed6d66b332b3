//! The chain of manifests: each names the batch that was made before its own. Values in, discrepancies out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;
use wire::manifest::Segments;

use super::Kind;

/// A manifest as a part of the chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its key.
    pub key: String,
    /// Its batch.
    pub export_batch_id: Uuid,
    /// The batch that was made before.
    pub previous: Option<Uuid>,
    /// The segments of its batch.
    pub segments: Segments,
}

/// What is wrong with the chain. Where it is a `part` that repeats some hours, batches that came before may be elsewhere.
#[must_use]
pub fn check(links: &[Link], is_part: bool) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut after: BTreeMap<Option<Uuid>, Vec<&Link>> = BTreeMap::new();
    for link in links {
        after.entry(link.previous).or_default().push(link);
        let name = format!("{}.json", link.export_batch_id);
        if link.key.rsplit('/').next() != Some(name.as_str()) {
            kinds.push(Kind::ManifestMisplaced { key: link.key.clone(), names: link.export_batch_id });
        }
    }
    let ids: HashSet<_> = links.iter().map(|link| link.export_batch_id).collect();
    for (previous, followers) in &after {
        if followers.len() > 1 {
            let keys = followers.iter().map(|link| link.key.clone()).collect();
            kinds.push(Kind::ChainForks { previous: *previous, keys });
        }
        if let (Some(previous), Some(first), false) = (previous, followers.first(), is_part)
            && !ids.contains(previous)
        {
            kinds.push(Kind::ChainGap { key: first.key.clone(), previous: *previous });
        }
    }
    kinds.extend(circle(links));
    kinds.extend(segments_twice(links));
    kinds
}

/// One link of a circle, if there is one: from there no beginning is ever reached.
fn circle(links: &[Link]) -> Option<Kind> {
    let previous: HashMap<_, _> = links.iter().map(|link| (link.export_batch_id, link.previous)).collect();
    let mut known = HashSet::new();
    for link in links {
        let mut way = HashSet::new();
        let mut at = Some(link.export_batch_id);
        while let Some(id) = at
            && !known.contains(&id)
        {
            if !way.insert(id) {
                return Some(Kind::ChainCircles { key: link.key.clone() });
            }
            at = previous.get(&id).copied().flatten();
        }
        known.extend(way);
    }
    None
}

fn segments_twice(links: &[Link]) -> Vec<Kind> {
    let mut runs: Vec<_> = links
        .iter()
        .flat_map(|link| link.segments.ranges.iter().map(move |[first, last]| (*first, *last, link)))
        .collect();
    runs.sort_unstable_by_key(|(first, last, link)| (*first, *last, &link.key));
    let mut pairs = BTreeSet::new();
    let mut furthest: Option<(i64, &Link)> = None;
    for (first, last, link) in runs {
        if let Some((until, other)) = furthest
            && first <= until
        {
            pairs.insert((other.key.clone(), link.key.clone()));
        }
        if furthest.is_none_or(|(until, _)| last > until) {
            furthest = Some((last, link));
        }
    }
    pairs.into_iter().map(|(key, other)| Kind::SegmentsTwice { key, other }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A whole chain, in which batch `n` has segment `n`.
    fn chain(length: u128) -> Vec<Link> {
        let link = |n: u128| Link {
            key: format!("manifests/date=2026-11-22/hour=09/{}.json", Uuid::from_u128(n)),
            export_batch_id: Uuid::from_u128(n),
            previous: (n > 1).then(|| Uuid::from_u128(n - 1)),
            segments: Segments::of(&[i64::try_from(n).expect("small")]),
        };
        (1..=length).map(link).collect()
    }

    proptest! {
        #[test]
        fn a_whole_chain_is_well_in_any_order(links in Just(chain(12)).prop_shuffle()) {
            prop_assert_eq!(check(&links, false), Vec::new());
        }

        #[test]
        fn whatever_is_taken_out_of_the_middle_is_missed(at in 0..11_usize) {
            let mut links = chain(12);
            let gone = links.remove(at);
            let kinds = check(&links, false);
            let expected = Kind::ChainGap { key: links[at].key.clone(), previous: gone.export_batch_id };
            prop_assert_eq!(kinds, vec![expected]);
            prop_assert_eq!(check(&links, true), Vec::new());
        }

        #[test]
        fn one_put_in_the_place_of_another_is_found(from in 0..12_usize, to in 0..12_usize) {
            prop_assume!(from != to);
            let mut links = chain(12);
            links[to] = Link { key: links[to].key.clone(), ..links[from].clone() };
            let is_found = check(&links, false).iter().any(|kind| matches!(kind, Kind::ManifestMisplaced { .. }));
            prop_assert!(is_found);
        }
    }

    #[test]
    fn forks_and_circles_are_named() {
        let mut links = chain(4);
        links[3].previous = Some(Uuid::from_u128(2));
        assert!(matches!(&check(&links, false)[..], [Kind::ChainForks { previous: Some(_), keys }] if keys.len() == 2));
        let mut links = chain(4);
        links[2].previous = None;
        assert!(matches!(&check(&links, false)[..], [Kind::ChainForks { previous: None, .. }]));
        let mut links = chain(4);
        links[0].previous = Some(Uuid::from_u128(4));
        assert!(matches!(&check(&links, false)[..], [Kind::ChainCircles { .. }]));
        let mut links = chain(4);
        links[0].segments = Segments::of(&[1, 2, 3]);
        assert_eq!(check(&links, false).len(), 2);
    }
}

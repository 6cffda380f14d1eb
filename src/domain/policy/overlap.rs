//! Whether two scopes may change a common path, so that their workstreams can not share a wave.
//!
//! Only `files_scope` and `files_create` count. `files_forbid` is not subtracted: a scope then looks larger than it is, which costs a wave and
//! never a patch.

use std::collections::HashMap;

use crate::domain::policy::meet::shared_path;
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::Scope;
use crate::domain::policy::token::Segment;

/// Where two scopes overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The glob of the first scope.
    pub ours: String,
    /// The glob of the second scope.
    pub theirs: String,
    /// A path that both globs match.
    pub example: String,
}

/// Returns where two scopes overlap, if they do: the first pair of globs, in the order in which they are written.
#[must_use]
pub fn overlap(a: &Scope, b: &Scope) -> Option<Overlap> {
    a.changeable().find_map(|ours| b.changeable().find_map(|theirs| overlap_of(ours, theirs)))
}

/// Returns where two globs overlap, if they do.
fn overlap_of(ours: &Pattern, theirs: &Pattern) -> Option<Overlap> {
    let path = ours.alternatives().iter().find_map(|a| theirs.alternatives().iter().find_map(|b| shared_path(a, b)))?;
    let example = String::from_utf8_lossy(&path).into_owned();
    Some(Overlap { ours: ours.text().to_owned(), theirs: theirs.text().to_owned(), example })
}

/// The number of an alternative in an [`OverlapIndex`]; equal alternatives of different scopes have one number.
pub type AlternativeNo = usize;

/// Many scopes, arranged so that finding what overlaps a new one does not compare it with all others.
///
/// Two globs can meet only if the leading components without wildcards of the one begin those of the other. So the alternatives hang in a
/// trie by these components, and a new one is compared with what lies on its own path and below its end.
#[derive(Debug)]
pub struct OverlapIndex<'a> {
    numbers: HashMap<&'a [Segment], AlternativeNo>,
    alternatives: Vec<&'a [Segment]>,
    neighbours: Vec<Vec<AlternativeNo>>,
    nodes: Vec<Node<'a>>,
}

/// A node of the trie.
#[derive(Debug, Default)]
struct Node<'a> {
    children: HashMap<&'a [u8], usize>,
    entries: Vec<AlternativeNo>,
}

impl Default for OverlapIndex<'_> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), alternatives: Vec::new(), neighbours: Vec::new(), nodes: vec![Node::default()] }
    }
}

impl<'a> OverlapIndex<'a> {
    /// Adds a scope and returns the numbers of its alternatives.
    pub fn insert(&mut self, scope: &'a Scope) -> Vec<AlternativeNo> {
        let mut numbers: Vec<_> = scope.changeable().flat_map(Pattern::alternatives).map(|a| self.insert_alternative(a)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Returns the numbers of everything inserted so far that meets an alternative, itself included.
    #[must_use]
    pub fn neighbours(&self, number: AlternativeNo) -> &[AlternativeNo] {
        self.neighbours.get(number).map_or(&[], Vec::as_slice)
    }

    fn insert_alternative(&mut self, segments: &'a [Segment]) -> AlternativeNo {
        if let Some(number) = self.numbers.get(segments) {
            return *number;
        }
        let number = self.alternatives.len();
        let node = self.descend(segments);
        let mut meeting: Vec<_> = self.candidates(segments, node);
        meeting.retain(|other| self.alternatives.get(*other).is_some_and(|o| shared_path(segments, o).is_some()));
        for other in &meeting {
            if let Some(list) = self.neighbours.get_mut(*other) {
                list.push(number);
            }
        }
        meeting.push(number);
        self.neighbours.push(meeting);
        self.alternatives.push(segments);
        self.numbers.insert(segments, number);
        if let Some(node) = self.nodes.get_mut(node) {
            node.entries.push(number);
        }
        number
    }

    /// Returns the node at which an alternative hangs, making the way to it.
    fn descend(&mut self, segments: &'a [Segment]) -> usize {
        let mut at = 0;
        for name in literal_prefix(segments) {
            let fresh = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return at };
            at = *node.children.entry(name).or_insert(fresh);
            if at == fresh {
                self.nodes.push(Node::default());
            }
        }
        at
    }

    /// Returns what hangs on the way to a node, at it, and below it.
    fn candidates(&self, segments: &[Segment], end: usize) -> Vec<AlternativeNo> {
        let mut found = Vec::new();
        let mut at = 0;
        for name in literal_prefix(segments) {
            let Some(node) = self.nodes.get(at) else { break };
            found.extend_from_slice(&node.entries);
            let Some(child) = node.children.get(name) else { break };
            at = *child;
        }
        let mut open = vec![end];
        while let Some(node) = open.pop().and_then(|n| self.nodes.get(n)) {
            found.extend_from_slice(&node.entries);
            open.extend(node.children.values());
        }
        // The children are kept in a hash map, whose order is not ours to show.
        found.sort_unstable();
        found
    }
}

/// Returns the leading components without wildcards.
fn literal_prefix(segments: &[Segment]) -> impl Iterator<Item = &[u8]> {
    segments.iter().map_while(|segment| match segment {
        Segment::Literal(bytes) => Some(bytes.as_slice()),
        Segment::Recursive | Segment::Wild(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn scope(globs: &[&str]) -> Scope {
        Scope::new(&globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>(), &[], &[]).unwrap()
    }

    /// Asks both ways; the answers must be the same, and an example must be matched by both.
    fn meet(a: &str, b: &str) -> Option<Overlap> {
        let (x, y) = (Pattern::parse(a).unwrap(), Pattern::parse(b).unwrap());
        let (found, reverse) = (overlap_of(&x, &y), overlap_of(&y, &x));
        assert_eq!(found.is_some(), reverse.is_some(), "`{a}` and `{b}`");
        for example in found.iter().chain(&reverse).map(|o| o.example.as_bytes()) {
            assert!(x.matches(example) && y.matches(example), "`{a}` and `{b}`: {}", String::from_utf8_lossy(example));
        }
        found
    }

    #[test]
    fn overlaps() {
        for (a, b) in [
            ("src/*.py", "src/x.py"),
            ("a/**", "a/b/*.rs"),
            ("**/*.md", "docs/**"),
            ("src", "src"),
            ("src", "src/x"),
            ("src/**", "src"),
            ("src/", "src/x/y"),
            (".", "anything"),
            ("*a", "a*"),
            ("a*b", "ab"),
            ("*/x", "y/*"),
            ("**/a", "a/**/b/**"),
            ("**/a/**", "**/b/**"),
            ("[a-m]*", "*[k-z]"),
            ("[!a]x", "?x"),
            ("{a,b}/x", "{b,c}/x"),
            ("*", "?"),
            ("*", "*"),
            ("**/*é", "x/?*"),
            ("a/**/z", "a/z"),
            ("*.*.*", "a*b"),
            // Of what one can type, this class would leave only the slash.
            ("[!!-.0-~]x", "?x"),
        ] {
            assert!(meet(a, b).is_some(), "`{a}` and `{b}`");
        }
    }

    #[test]
    fn no_overlaps() {
        for (a, b) in [
            ("*.md", "docs/**"),
            ("src/*.py", "src/x.rs"),
            ("src", "srcs"),
            ("src/", "src2/"),
            ("src/*.py", "src/sub/x.py"),
            ("a/*", "a/*/*"),
            ("[a-f]x", "[g-z]x"),
            ("[!a]", "a"),
            ("a[!b]c", "a/c"),
            ("{a,b}/x", "{c,d}/x"),
            ("*a", "*b"),
            ("?", "??"),
            ("a*b", "b*a"),
            ("**/x", "**/y"),
        ] {
            assert_eq!(meet(a, b), None, "`{a}` and `{b}`");
        }
    }

    #[test]
    fn the_first_pair_in_order_is_named() {
        let found = overlap(&scope(&["x", "src/*.rs"]), &scope(&["y/**", "src/{main,lib}.rs", "**"])).unwrap();
        assert_eq!((found.ours.as_str(), found.theirs.as_str(), found.example.as_str()), ("x", "**", "x"));
        let found = overlap(&scope(&["src/*.rs"]), &scope(&["y/**", "src/{main,lib}.rs"])).unwrap();
        assert_eq!(found.example, "src/main.rs");
        assert_eq!(overlap(&scope(&["**/*.css"]), &scope(&["src"])).map(|o| o.example), Some("src/x.css".to_owned()));
        assert_eq!(overlap(&scope(&["a"]), &scope(&["b"])), None);
        assert_eq!(overlap(&scope(&[]), &scope(&["**"])), None);
    }

    #[test]
    fn files_create_counts_and_files_forbid_does_not() {
        let list = |glob: &str| [glob.to_owned()];
        let creates = Scope::new(&[], &list("a/**"), &[]).unwrap();
        let forbids = Scope::new(&list("b"), &[], &list("a/**")).unwrap();
        assert!(overlap(&creates, &scope(&["a/x"])).is_some());
        assert!(overlap(&forbids, &scope(&["a/x"])).is_none());
    }

    /// A glob over a tiny alphabet, so that overlaps are frequent and every path can be tried.
    fn glob() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec!["a", "b", "a", "b", "?", "*", "[ab]", "[!a]", "{a,bb}", "{b?,*a}"]);
        let part = prop_oneof![1 => Just("**".to_owned()), 5 => prop::collection::vec(token, 1..4).prop_map(|v| v.concat())];
        prop::collection::vec(part, 1..4).prop_map(|v| v.join("/")).prop_filter("a star beside a star", |t| Pattern::parse(t).is_ok())
    }

    /// Every path of up to three components of up to three bytes of `a`, `b`, in an order that is cheap to walk.
    fn all_paths() -> Vec<String> {
        let letters = ["a", "b"];
        let mut names: Vec<String> = vec![String::new()];
        for _ in 0..3 {
            names = names.iter().flat_map(|n| letters.iter().map(move |l| format!("{n}{l}"))).chain(names.clone()).collect();
        }
        let names: BTreeSet<String> = names.into_iter().filter(|n| !n.is_empty()).collect();
        let mut paths: BTreeSet<String> = names.clone();
        for _ in 0..2 {
            paths = paths.iter().flat_map(|p| names.iter().map(move |n| format!("{p}/{n}"))).chain(names.clone()).collect();
        }
        paths.into_iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whenever some path matches both, the answer is yes; and a yes comes with a path that both match.
        #[test]
        fn the_test_agrees_with_brute_force(a in glob(), b in glob()) {
            let (x, y) = (Pattern::parse(&a).unwrap(), Pattern::parse(&b).unwrap());
            let found = overlap_of(&x, &y);
            if let Some(found) = &found {
                let path = found.example.as_bytes();
                prop_assert!(x.matches(path) && y.matches(path), "{} and {} do not share {}", a, b, found.example);
            } else {
                let shared = all_paths().into_iter().find(|p| x.matches(p.as_bytes()) && y.matches(p.as_bytes()));
                prop_assert_eq!(shared, None, "{} and {}", a, b);
            }
            prop_assert_eq!(overlap_of(&y, &x).is_some(), found.is_some());
        }

        /// The index finds exactly the pairs that comparing all with all finds.
        #[test]
        fn the_index_agrees_with_all_pairs(globs in prop::collection::vec(prop::collection::vec(glob(), 0..3), 0..8)) {
            let scopes: Vec<Scope> = globs.iter().map(|g| Scope::new(g, &[], &[]).unwrap()).collect();
            let mut index = OverlapIndex::default();
            let numbers: Vec<Vec<AlternativeNo>> = scopes.iter().map(|s| index.insert(s)).collect();
            for number in numbers.iter().flatten() {
                prop_assert!(index.neighbours(*number).is_sorted_by(|a, b| a < b), "each once and in order: {:?}", globs);
            }
            for (i, a) in scopes.iter().enumerate() {
                for (j, b) in scopes.iter().enumerate() {
                    let by_index = numbers[i].iter().any(|n| index.neighbours(*n).iter().any(|m| numbers[j].contains(m)));
                    prop_assert_eq!(by_index, overlap(a, b).is_some(), "{:?} and {:?}", globs[i], globs[j]);
                }
            }
        }
    }

    #[test]
    fn a_glob_is_compared_only_with_what_can_begin_as_it_does() {
        let scopes = ["**/x", "src/*", "src/a/*", "src/a/b/*", "src/b/*", "docs/*"].map(|glob| scope(&[glob]));
        let asked = ["src/a/?", "?", "docs/?", "lib/?", "src/a/b/c/?"].map(|glob| scope(&[glob]));
        let mut index = OverlapIndex::default();
        assert_eq!(scopes.each_ref().map(|scope| index.insert(scope)), [[0], [1], [2], [3], [4], [5]]);
        let compared = asked.each_ref().map(|scope| {
            let segments = scope.changeable().next().unwrap().alternatives()[0].as_slice();
            let node = index.descend(segments);
            index.candidates(segments, node)
        });
        assert_eq!(compared, [vec![0, 1, 2, 3], vec![0, 1, 2, 3, 4, 5], vec![0, 5], vec![0], vec![0, 1, 2, 3]]);
    }

    #[test]
    fn long_globs_do_not_explode() {
        let a = Pattern::parse(&"**/*a*/".repeat(100)).unwrap();
        let b = Pattern::parse(&"*b*/**/".repeat(100)).unwrap();
        assert!(overlap_of(&a, &b).is_some());
        let at_least_200 = Pattern::parse(&"*a".repeat(200)).unwrap();
        let exactly = |n: usize| Pattern::parse(&"[ab]".repeat(n)).unwrap();
        assert!(overlap_of(&at_least_200, &exactly(199)).is_none());
        assert!(overlap_of(&at_least_200, &exactly(201)).is_some());
    }
}

//! Every path that a file names, resolved as far as the text alone allows: `super` and `self` walked, names followed through `use`.
//!
//! Code inside macro calls and paths in attributes are read as tokens, so that `assert!(crate::io::x())` and `#[serde(with = "crate::io::x")]`
//! count. Doc comments do not.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::house::{Crate, House, SourceFile, is_for_tests};

/// How a path is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By a `use`.
    Use,
    /// By a `use` that ends in `*`.
    Glob,
    /// In a type, a pattern, an expression, an attribute.
    Inline,
    /// As a macro that is called.
    Macro,
}

/// One path, as named in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The resolved path: it starts with `crate` when it is our own, else with the name of a foreign crate.
    pub(crate) path: Vec<String>,
    /// How it is named.
    pub(crate) manner: Manner,
    /// Whether only tests see it.
    pub(crate) in_tests: bool,
}

impl Reference {
    /// Returns whether the path starts with these segments.
    pub(crate) fn starts_with(&self, prefix: &[&str]) -> bool {
        self.path.len() >= prefix.len() && self.path.iter().zip(prefix).all(|(a, b)| a == b)
    }

    /// Returns the path as it is written in Rust.
    pub(crate) fn text(&self) -> String {
        self.path.join("::")
    }
}

/// Returns every reference of a file, in the order of the text.
pub(crate) fn references(house: &House, file: &SourceFile) -> Vec<Reference> {
    let modules = match file.owner {
        Crate::Library => house.library_modules(),
        Crate::Program | Crate::Tests => BTreeSet::new(),
    };
    let mut collector =
        Collector { modules, scope: file.module.clone(), in_tests: file.test_only, names: BTreeMap::new(), raw: Vec::new() };
    collector.visit_file(&file.syntax);
    let Collector { modules, names, raw, .. } = collector;
    let resolver = Resolver { modules, names };
    raw.into_iter().filter_map(|r| resolver.reference(r)).collect()
}

/// A path as written, with the module in which it is written.
struct Raw {
    line: usize,
    scope: Vec<String>,
    /// The first one is empty when the path starts with `::`.
    segments: Vec<String>,
    manner: Manner,
    in_tests: bool,
}

struct Collector {
    modules: BTreeSet<Vec<String>>,
    scope: Vec<String>,
    in_tests: bool,
    /// Per module: what a name stands for because of a `use`.
    names: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
    raw: Vec<Raw>,
}

impl Collector {
    fn push(&mut self, line: usize, segments: Vec<String>, manner: Manner) {
        self.raw.push(Raw { line, scope: self.scope.clone(), segments, manner, in_tests: self.in_tests });
    }

    fn use_tree(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let with = |ident: &syn::Ident| {
            let mut path = prefix.to_vec();
            if ident != "self" || path.is_empty() {
                path.push(ident.to_string());
            }
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|t| self.use_tree(t, prefix)),
            syn::UseTree::Glob(glob) => {
                self.push(glob.star_token.spans[0].start().line, prefix.to_vec(), Manner::Glob);
            }
            syn::UseTree::Name(name) => self.bind(&name.ident, with(&name.ident), None),
            syn::UseTree::Rename(rename) => self.bind(&rename.ident, with(&rename.ident), Some(&rename.rename)),
        }
    }

    fn bind(&mut self, place: &syn::Ident, path: Vec<String>, renamed: Option<&syn::Ident>) {
        let name = renamed.map(ToString::to_string).or_else(|| path.last().cloned()).unwrap_or_default();
        self.names.entry(self.scope.clone()).or_default().insert(name, path.clone());
        self.push(place.span().start().line, path, Manner::Use);
    }

    fn tokens(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.path_in_text(literal),
                TokenTree::Ident(first) if !is_member(&tokens, at) => {
                    let mut segments = global_mark((at >= 2 && is_separator(&tokens, at - 2)).then_some(()));
                    segments.push(first.to_string());
                    let mut end = at + 1;
                    while is_separator(&tokens, end) {
                        let Some(TokenTree::Ident(next)) = tokens.get(end + 2) else { break };
                        segments.push(next.to_string());
                        end += 3;
                    }
                    let line = first.span().start().line;
                    if is_punct(tokens.get(end), '!') && !is_punct(tokens.get(end + 1), '=') {
                        self.push(line, segments, Manner::Macro);
                    } else if segments.len() > 1 || matches!(tokens.get(end), Some(TokenTree::Group(_))) {
                        self.push(line, segments, Manner::Inline);
                    }
                    at = end;
                    continue;
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// Reads a path from an attribute's string, such as `with = "crate::io::x"`.
    fn path_in_text(&mut self, literal: &proc_macro2::Literal) {
        let text = literal.to_string();
        let segments: Vec<String> = text.trim_matches('"').split("::").map(str::to_owned).collect();
        let is_name = |s: &String| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_');
        if segments.len() > 1 && segments.iter().all(is_name) {
            self.push(literal.span().start().line, segments, Manner::Inline);
        }
    }

    fn within(&mut self, attributes: &[syn::Attribute], visit: impl FnOnce(&mut Self)) {
        let before = self.in_tests;
        self.in_tests |= is_for_tests(attributes);
        visit(self);
        self.in_tests = before;
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == wanted)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Returns whether the identifier follows a single dot: a field or a method, unlike the end of a range.
fn is_member(tokens: &[TokenTree], at: usize) -> bool {
    at >= 1 && is_punct(tokens.get(at - 1), '.') && !(at >= 2 && is_punct(tokens.get(at - 2), '.'))
}

/// Returns the start of a path: an empty segment when it begins with `::`.
fn global_mark(colons: Option<()>) -> Vec<String> {
    colons.map(|()| String::new()).into_iter().collect()
}

/// Returns the segments of a path as written.
fn written(path: &syn::Path) -> Vec<String> {
    let mut segments = global_mark(path.leading_colon.map(drop));
    segments.extend(path.segments.iter().map(|s| s.ident.to_string()));
    segments
}

/// Returns the attributes of an item that can be compiled for tests only.
fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within(attributes(item), |c| visit::visit_item(c, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, |c| visit::visit_impl_item_fn(c, item));
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.scope.push(module.ident.to_string());
        if module.content.is_some() {
            self.modules.insert(self.scope.clone());
        }
        visit::visit_item_mod(self, module);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &global_mark(item.leading_colon.map(drop)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.push(first.ident.span().start().line, written(path), Manner::Inline);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let line = call.path.segments.first().map_or(0, |s| s.ident.span().start().line);
        self.push(line, written(&call.path), Manner::Macro);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if !attribute.path().is_ident("doc") {
            match &attribute.meta {
                syn::Meta::List(list) => self.tokens(list.tokens.clone()),
                syn::Meta::Path(_) | syn::Meta::NameValue(_) => {}
            }
        }
    }

    /// `pub(super)` says who may see an item; it imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

struct Resolver {
    modules: BTreeSet<Vec<String>>,
    names: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
}

impl Resolver {
    fn reference(&self, raw: Raw) -> Option<Reference> {
        let path = self.resolve(&raw.scope, raw.segments, 8);
        let is_worth_it = path.len() > 1 || matches!(raw.manner, Manner::Macro | Manner::Use | Manner::Glob);
        is_worth_it.then_some(Reference { line: raw.line, path, manner: raw.manner, in_tests: raw.in_tests })
    }

    /// Follows a path to where it starts; `depth` bounds names that stand for names.
    fn resolve(&self, scope: &[String], segments: Vec<String>, depth: usize) -> Vec<String> {
        let own = |module: &[String], rest: &[String]| [&["crate".to_owned()], module, rest].concat();
        match segments[0].as_str() {
            "" => segments[1..].to_vec(),
            "crate" => segments,
            "git_orc" => own(&[], &segments[1..]),
            "self" => own(scope, &segments[1..]),
            "super" => {
                let ups = segments.iter().take_while(|s| *s == "super").count();
                own(&scope[..scope.len().saturating_sub(ups)], &segments[ups..])
            }
            first => {
                if self.modules.contains(&[scope, &[first.to_owned()]].concat()) {
                    return own(scope, &segments);
                }
                let stands_for = self.names.get(scope).and_then(|names| names.get(first));
                match stands_for {
                    // A `use a::b` binds `b`; following it from the same line would not end.
                    Some(path) if depth > 0 && path[0] != first => {
                        let path = [path.as_slice(), &segments[1..]].concat();
                        self.resolve(scope, path, depth - 1)
                    }
                    _ => segments,
                }
            }
        }
    }
}

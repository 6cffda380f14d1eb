//! The rules about the shape of a file: its size, its head, its names, its signatures, its stored formats.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::house::{Crate, House, Offence, SourceFile, is_for_tests, lines_of};

/// The most code lines that a file may have.
pub(crate) const MOST_LINES: usize = 400;
/// The most code lines that nine files of ten may have.
pub(crate) const MOST_LINES_P90: usize = 300;
/// The most parameters that a function may have, the receiver included.
const MOST_PARAMETERS: usize = 5;
/// Words that name nothing, and words that the glossary refuses.
const BANNED_WORDS: [&str; 14] =
    ["util", "utils", "helper", "helpers", "common", "manager", "misc", "job", "jobs", "agent", "agents", "unit", "units", "prelude"];

/// Returns the number of lines that hold code: no blank lines, no comments, no test modules.
pub(crate) fn code_lines(file: &SourceFile) -> usize {
    let mut lines = BTreeSet::new();
    mark_lines(file.text.parse().expect("a file that parses has tokens"), &mut lines);
    for item in &file.syntax.items {
        if let syn::Item::Mod(module) = item
            && is_for_tests(&module.attrs)
        {
            let (first, last) = lines_of(module);
            lines.retain(|line| !(first..=last).contains(line));
        }
    }
    lines.len()
}

/// Marks the lines of every token that is no doc comment.
fn mark_lines(stream: TokenStream, lines: &mut BTreeSet<usize>) {
    for token in stream {
        let is_comment = |span: Span| span.source_text().is_some_and(|t| t.starts_with("//") || t.starts_with("/*"));
        match token {
            TokenTree::Group(group) => {
                if !is_comment(group.span()) {
                    lines.extend([group.span_open().start().line, group.span_close().end().line]);
                    mark_lines(group.stream(), lines);
                }
            }
            other => {
                if !is_comment(other.span()) {
                    lines.extend(other.span().start().line..=other.span().end().line);
                }
            }
        }
    }
}

/// Returns the code lines of every file that is no test of the library, smallest first.
pub(crate) fn sizes(house: &House) -> Vec<(usize, &SourceFile)> {
    let mut sizes: Vec<_> = house.files.iter().filter(|f| !f.test_only).map(|f| (code_lines(f), f)).collect();
    sizes.sort_by_key(|(size, _)| *size);
    sizes
}

/// Returns the files with more code lines than a room should have.
pub(crate) fn oversized(house: &House) -> Vec<Offence> {
    let too_long = sizes(house).into_iter().filter(|(size, _)| *size > MOST_LINES);
    too_long.map(|(size, file)| file.offence(1, format!("{size} code lines, more than {MOST_LINES}"))).collect()
}

/// Returns the files that do not say what they are for.
pub(crate) fn headless(house: &House) -> Vec<Offence> {
    let says_it = |f: &&SourceFile| f.text.lines().next().and_then(|l| l.strip_prefix("//! ")).is_some_and(|head| head.trim().len() > 10);
    house
        .files
        .iter()
        .filter(|f| !says_it(f))
        .map(|f| f.offence(1, "the first line must be a `//! ` head that says what the file is for"))
        .collect()
}

/// Returns the modules and functions whose names are refused.
pub(crate) fn banned_names(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in &house.files {
        for name in &file.module {
            offences.extend(banned_word(name).map(|word| file.offence(1, format!("module `{name}`: the word `{word}` is banned"))));
        }
        let mut names = Names { file, offences: Vec::new() };
        names.visit_file(&file.syntax);
        offences.extend(names.offences);
    }
    offences.sort();
    offences.dedup();
    offences
}

fn banned_word(name: &str) -> Option<&'static str> {
    BANNED_WORDS.into_iter().find(|word| name.split('_').any(|part| part == *word))
}

struct Names<'f> {
    file: &'f SourceFile,
    offences: Vec<Offence>,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if let Some(word) = banned_word(&name).filter(|_| module.content.is_some()) {
            self.offences.push(self.file.offence(lines_of(&module.ident).0, format!("module `{name}`: the word `{word}` is banned")));
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if signature.ident.to_string().starts_with("get_") {
            let (line, _) = lines_of(&signature.ident);
            self.offences.push(self.file.offence(line, format!("`{}`: an accessor is a bare noun, never `get_`", signature.ident)));
        }
        visit::visit_signature(self, signature);
    }
}

/// Returns the functions with too many parameters, or with a parameter that only says yes or no. Methods of a trait's implementation are the
/// trait's affair, and tests are free.
pub(crate) fn signatures(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in house.files.iter().filter(|f| f.owner != Crate::Tests && !f.test_only) {
        let mut found = Signatures { file, offences: Vec::new() };
        found.visit_file(&file.syntax);
        offences.extend(found.offences);
    }
    offences
}

struct Signatures<'f> {
    file: &'f SourceFile,
    offences: Vec<Offence>,
}

impl<'ast> Visit<'ast> for Signatures<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if block.trait_.is_none() && !is_for_tests(&block.attrs) {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        let (line, _) = lines_of(&signature.ident);
        let name = &signature.ident;
        if signature.inputs.len() > MOST_PARAMETERS {
            let message = format!("`{name}` has {} parameters, more than {MOST_PARAMETERS}", signature.inputs.len());
            self.offences.push(self.file.offence(line, message));
        }
        for input in &signature.inputs {
            if let syn::FnArg::Typed(argument) = input
                && is_bool(&argument.ty)
            {
                self.offences.push(self.file.offence(line, format!("`{name}` has a bool parameter; a small enum says what it means")));
            }
        }
        visit::visit_signature(self, signature);
    }
}

fn is_bool(kind: &syn::Type) -> bool {
    match kind {
        syn::Type::Path(path) => path.path.is_ident("bool"),
        syn::Type::Reference(reference) => is_bool(&reference.elem),
        _ => false,
    }
}

/// The modules whose types are written into the ledger.
const STORED: [&[&str]; 2] = [&["domain", "ledger"], &["domain", "run"]];

/// Returns the serde attributes in stored formats that make old and new readers disagree.
pub(crate) fn loose_formats(house: &House) -> Vec<Offence> {
    let is_stored = |f: &&SourceFile| STORED.iter().any(|s| f.module.len() >= s.len() && f.module.iter().zip(*s).all(|(a, b)| a == b));
    collect_attributes(house.library().filter(is_stored), |attribute, words| {
        let name = words.iter().find(|w| *w == "flatten" || *w == "untagged")?;
        (words.iter().any(|w| w == "serde") || attribute.path().is_ident("serde"))
            .then(|| format!("serde({name}) in a stored format: an unknown field or variant is lost or guessed"))
    })
}

/// Returns the lints that are switched off without a word: `allow` in place of `expect`, or an `expect` without its reason.
pub(crate) fn silent_exceptions(house: &House) -> Vec<Offence> {
    collect_attributes(house.files.iter(), |attribute, words| {
        if attribute.path().is_ident("allow") {
            return Some("`allow` outlives its cause; write `expect` with a reason".to_owned());
        }
        (attribute.path().is_ident("expect") && !words.iter().any(|w| w == "reason")).then(|| "`expect` without a reason".to_owned())
    })
}

fn collect_attributes<'f>(
    files: impl Iterator<Item = &'f SourceFile>,
    judge: impl Fn(&syn::Attribute, &[String]) -> Option<String> + Copy,
) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in files {
        let mut found = Attributes { file, judge, offences: Vec::new() };
        found.visit_file(&file.syntax);
        offences.extend(found.offences);
    }
    offences
}

struct Attributes<'f, J> {
    file: &'f SourceFile,
    judge: J,
    offences: Vec<Offence>,
}

impl<'ast, J: Fn(&syn::Attribute, &[String]) -> Option<String>> Visit<'ast> for Attributes<'_, J> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let mut words = Vec::new();
        if let syn::Meta::List(list) = &attribute.meta {
            collect_words(list.tokens.clone(), &mut words);
        }
        if let Some(message) = (self.judge)(attribute, &words) {
            self.offences.push(self.file.offence(lines_of(attribute).0, message));
        }
    }
}

fn collect_words(stream: TokenStream, words: &mut Vec<String>) {
    for token in stream {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => collect_words(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

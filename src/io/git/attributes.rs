//! Whether the bytes of a file on disk are the bytes that git stores.
//!
//! Attributes and settings can make git convert content on its way out (smudge filters, line ends, `$Id$`, encodings) and back in. libgit2
//! does only a part of that, and our own checkout none, so it must be known beforehand. The answer errs on the safe side: an attribute
//! counts wherever it is written, whether or not its pattern matches a file. That is never wrong, only slower, because git itself then does
//! the work.

use std::collections::BTreeSet;

/// What the settings say about conversions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversionSettings {
    /// `core.autocrlf`.
    pub autocrlf: AutoCrlf,
    /// Whether `core.eol` asks for CR LF on disk.
    pub eol: EolSetting,
    /// The names of the filters that have any setting of their own (`filter.<name>.*`).
    pub filters: BTreeSet<String>,
}

/// The values of `core.autocrlf`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AutoCrlf {
    /// Nothing is guessed.
    #[default]
    False,
    /// CR LF on disk, LF in git.
    True,
    /// CR LF becomes LF on the way in only.
    Input,
}

/// The values of `core.eol`, as they matter on this system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EolSetting {
    /// LF: `lf`, `native`, or unset.
    #[default]
    Lf,
    /// CR LF.
    Crlf,
}

impl ConversionSettings {
    /// Reads the settings that matter from `(key, value)` pairs as `git config --list -z` prints them: section and variable in lower case.
    pub fn from_config<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut settings = Self::default();
        for (key, value) in pairs {
            match key {
                "core.autocrlf" if value.eq_ignore_ascii_case("input") => settings.autocrlf = AutoCrlf::Input,
                "core.autocrlf" => settings.autocrlf = if is_true(value) { AutoCrlf::True } else { AutoCrlf::False },
                "core.eol" => settings.eol = if value.eq_ignore_ascii_case("crlf") { EolSetting::Crlf } else { EolSetting::Lf },
                _ => {
                    let name = key.strip_prefix("filter.").and_then(|rest| rest.rsplit_once('.'));
                    settings.filters.extend(name.map(|(name, _)| name.to_owned()));
                }
            }
        }
        settings
    }
}

/// Returns whether git reads a value of its configuration as true.
pub(super) fn is_true(value: &str) -> bool {
    ["true", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word)) || value.parse::<i64>().is_ok_and(|n| n != 0)
}

/// What the attributes of a tree ask for somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeSummary {
    filters: BTreeSet<String>,
    ident: bool,
    encoding: bool,
    text: bool,
    crlf_on_disk: bool,
}

impl AttributeSummary {
    /// Adds what one attributes file asks for.
    pub fn add_file(&mut self, content: &[u8]) {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        for line in content.split(|b| *b == b'\n') {
            for token in tokens(line) {
                self.add_token(&String::from_utf8_lossy(token));
            }
        }
    }

    fn add_token(&mut self, token: &str) {
        let (name, value) = token.split_once('=').map_or((token, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("filter", Some(filter)) => {
                self.filters.insert(filter.to_owned());
            }
            ("ident", _) => self.ident = true,
            ("working-tree-encoding", _) => self.encoding = true,
            ("eol", Some("crlf")) => {
                self.text = true;
                self.crlf_on_disk = true;
            }
            // `crlf` is the old name of `text`, and an `eol` makes a file text.
            ("text" | "crlf" | "eol", _) => self.text = true,
            _ => {}
        }
    }

    /// Returns whether git may write other bytes to disk than it stores.
    #[must_use]
    pub fn changes_checkout(&self, settings: &ConversionSettings) -> bool {
        let crlf = self.crlf_on_disk || settings.autocrlf == AutoCrlf::True || (self.text && settings.eol == EolSetting::Crlf);
        self.ident || self.encoding || crlf || self.filters.iter().any(|name| settings.filters.contains(name))
    }

    /// Returns whether git may store other bytes for this content than those on disk.
    #[must_use]
    pub fn changes_checkin(&self, settings: &ConversionSettings, content: &[u8]) -> bool {
        if self.encoding || self.filters.iter().any(|name| settings.filters.contains(name)) {
            return true;
        }
        let text = self.text || settings.autocrlf != AutoCrlf::False;
        (text && contains(content, b"\r\n")) || (self.ident && contains(content, b"$Id"))
    }

    /// Returns whether the answer of [`Self::changes_checkin`] depends on the content at all.
    #[must_use]
    pub fn may_change_checkin(&self, settings: &ConversionSettings) -> bool {
        self.changes_checkin(settings, b"$Id\r\n")
    }
}

fn contains(content: &[u8], needle: &[u8]) -> bool {
    bstr::ByteSlice::find(content, needle).is_some()
}

/// Returns the attributes on a line, without its pattern.
fn tokens(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = line.trim_ascii_start();
    let rest = match line.first() {
        None | Some(b'#') => &[],
        Some(b'"') => line.get(quoted_len(line)..).unwrap_or_default(),
        Some(_) => line.iter().position(blank_byte).map_or(&[][..], |end| &line[end..]),
    };
    rest.split(blank_byte).filter(|token| !token.is_empty() && !matches!(token[0], b'-' | b'!'))
}

const fn blank_byte(b: &u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r')
}

/// Returns how many bytes a quoted pattern takes, its quotes included.
fn quoted_len(line: &[u8]) -> usize {
    let mut escaped = false;
    for (i, byte) in line.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> AttributeSummary {
        let mut summary = AttributeSummary::default();
        summary.add_file(text.as_bytes());
        summary
    }

    fn settings(pairs: &[(&str, &str)]) -> ConversionSettings {
        ConversionSettings::from_config(pairs.iter().copied())
    }

    #[test]
    fn attributes_that_change_what_is_written_to_disk() {
        let lfs = settings(&[("filter.lfs.smudge", "git-lfs smudge -- %f"), ("filter.lfs.required", "true")]);
        let cases: &[(&str, &ConversionSettings, bool)] = &[
            ("", &lfs, false),
            ("* text=auto\n*.rs text\n*.png binary\n*.sh eol=lf\n", &lfs, false),
            ("# *.psd filter=lfs\n", &lfs, false),
            ("*.psd filter=lfs diff=lfs merge=lfs -text\n", &lfs, true),
            ("*.psd\tfilter=lfs\r\n", &lfs, true),
            ("*.psd filter=other\n", &lfs, false),
            ("*.psd -filter\n*.psd !filter\n", &lfs, false),
            ("\"a \\\" b\" filter=lfs\n", &lfs, true),
            ("\"a filter=lfs\" text\n", &lfs, false),
            ("[attr]big filter=lfs\n", &lfs, true),
            ("\u{feff}*.psd filter=lfs\n", &lfs, true),
            ("*.c ident\n", &lfs, true),
            ("*.c -ident\n", &lfs, false),
            ("*.ps1 working-tree-encoding=UTF-16LE\n", &lfs, true),
            ("*.bat eol=crlf\n", &lfs, true),
            ("*.psd filter=lfs\n", &ConversionSettings::default(), false),
            ("", &settings(&[("core.autocrlf", "true")]), true),
            ("", &settings(&[("core.autocrlf", "input")]), false),
            ("* text=auto\n", &settings(&[("core.eol", "crlf")]), true),
            ("", &settings(&[("core.eol", "crlf")]), false),
        ];
        for (text, settings, expect) in cases {
            assert_eq!(summary(text).changes_checkout(settings), *expect, "{text:?} {settings:?}");
        }
    }

    #[test]
    fn attributes_that_change_what_is_stored() {
        let none = ConversionSettings::default();
        let lfs = settings(&[("filter.lfs.clean", "git-lfs clean -- %f")]);
        let cases: &[(&str, &ConversionSettings, &str, bool)] = &[
            ("", &none, "a\r\nb", false),
            ("* text=auto\n", &none, "a\nb", false),
            ("* text=auto\n", &none, "a\r\nb", true),
            ("* crlf\n", &none, "a\r\nb", true),
            ("*.bat eol=crlf\n", &none, "a\r\nb", true),
            ("", &settings(&[("core.autocrlf", "input")]), "a\r\nb", true),
            ("", &settings(&[("core.autocrlf", "true")]), "a\nb", false),
            ("*.c ident\n", &none, "plain", false),
            ("*.c ident\n", &none, "$Id: 0123 $", true),
            ("*.psd filter=lfs\n", &lfs, "x", true),
            ("*.psd filter=lfs\n", &none, "x", false),
            ("*.ps1 working-tree-encoding=UTF-16\n", &none, "x", true),
        ];
        for (text, settings, content, expect) in cases {
            assert_eq!(summary(text).changes_checkin(settings, content.as_bytes()), *expect, "{text:?} {content:?}");
        }
    }
}

//! The values of all refs, read again only where `lstat` says that something changed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bstr::ByteSlice as _;

use super::memo::{Memo, is_absent, stat};
use crate::domain::id::ObjectId;
use crate::io::git::folder::{FileKind, FileTime, Folder};
use crate::io::git::worktree::now;

/// What a ref holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An object.
    Id(ObjectId),
    /// The name of another ref.
    Symbolic(String),
    /// Nothing that makes sense.
    Strange,
}

impl Value {
    /// Returns the object, if it is one.
    pub(super) const fn id(&self) -> Option<ObjectId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Symbolic(_) | Self::Strange => None,
        }
    }

    fn read(text: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(text) else { return Self::Strange };
        let text = text.trim_end();
        match text.strip_prefix("ref:") {
            Some(target) => Self::Symbolic(target.trim().to_owned()),
            None => ObjectId::parse(text).map_or(Self::Strange, Self::Id),
        }
    }
}

/// The names in a folder of refs, each with whether it is a folder.
type Names = Arc<Vec<(Vec<u8>, FileKind)>>;

/// The refs as they are or were.
#[derive(Debug, Clone, Default)]
pub(super) struct RefValues {
    folders: BTreeMap<String, Memo<Names>>,
    loose: BTreeMap<String, Memo<Value>>,
    packed: Option<Memo<Arc<BTreeMap<String, ObjectId>>>>,
    /// Whether anything was read that was not known before.
    pub(super) is_new: bool,
}

impl RefValues {
    /// Returns the value of every ref, and of the `HEAD` of every work tree.
    pub(super) fn all(&self) -> BTreeMap<String, Value> {
        let packed = self.packed.iter().flat_map(|memo| memo.value.iter()).map(|(name, id)| (name.clone(), Value::Id(*id)));
        packed.chain(self.loose.iter().map(|(name, memo)| (name.clone(), memo.value.clone()))).collect()
    }

    /// Reads the refs of a repository; what can not have changed since `self` is taken from there.
    pub(super) fn read_again(&self, common: &Path) -> io::Result<Self> {
        let mut scan = Scan { before: self, now: now(), found: Self::default() };
        let top = Folder::open(common)?;
        scan.file(&top, "HEAD".to_owned(), b"HEAD")?;
        if let Ok(worktrees) = top.enter(b"worktrees") {
            for name in worktrees.names()? {
                let Some(text) = name.to_str().ok().filter(|name| !name.starts_with("orc-")) else { continue };
                if let Ok(folder) = worktrees.enter(&name) {
                    scan.file(&folder, format!("worktrees/{text}/HEAD"), b"HEAD")?;
                }
            }
        }
        match top.enter(b"refs") {
            Ok(folder) => scan.folder(&folder, "refs")?,
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        // The packed ones last: a ref that is packed meanwhile is found there.
        scan.packed(&top, common)?;
        let mut found = scan.found;
        found.is_new |= found.loose.len() != self.loose.len() || found.packed.is_some() != self.packed.is_some();
        Ok(found)
    }
}

struct Scan<'a> {
    before: &'a RefValues,
    now: FileTime,
    found: RefValues,
}

impl Scan<'_> {
    fn folder(&mut self, folder: &Folder, path: &str) -> io::Result<()> {
        let Some(names) = self.names(folder, path)? else { return Ok(()) };
        for (name, kind) in names.iter() {
            let Some(name_text) = name.to_str().ok().filter(|name| !name.ends_with(".lock")) else { continue };
            let inner = format!("{path}/{name_text}");
            match kind {
                FileKind::Folder => match folder.enter(name) {
                    Ok(next) => self.folder(&next, &inner)?,
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(error),
                },
                FileKind::File | FileKind::Symlink | FileKind::Special => self.file(folder, inner, name)?,
            }
        }
        Ok(())
    }

    fn names(&mut self, folder: &Folder, path: &str) -> io::Result<Option<Names>> {
        let stat = folder.stat_self()?;
        if let Some(known) = self.before.folders.get(path).filter(|memo| memo.holds(&stat)) {
            self.found.folders.insert(path.to_owned(), known.clone());
            return Ok(Some(Arc::clone(&known.value)));
        }
        self.found.is_new = true;
        let mut names = Vec::new();
        for name in folder.names()? {
            if let Some(stat) = folder.find(&name)? {
                names.push((name, stat.kind));
            }
        }
        let names = Arc::new(names);
        self.found.folders.insert(path.to_owned(), Memo::new(stat, self.now, Arc::clone(&names)));
        Ok(Some(names))
    }

    fn file(&mut self, folder: &Folder, path: String, name: &[u8]) -> io::Result<()> {
        let Some(stat) = folder.find(name)? else { return Ok(()) };
        let known = self.before.loose.get(&path);
        if let Some(known) = known.filter(|memo| memo.holds(&stat)) {
            self.found.loose.insert(path, known.clone());
            return Ok(());
        }
        let value = match stat.kind {
            FileKind::File => folder.read_small(name).map_or(Value::Strange, |text| Value::read(&text)),
            FileKind::Folder => return Ok(()),
            FileKind::Symlink | FileKind::Special => Value::Strange,
        };
        self.found.is_new |= known.is_none_or(|memo| memo.value != value);
        self.found.loose.insert(path, Memo::new(stat, self.now, value));
        Ok(())
    }

    fn packed(&mut self, top: &Folder, common: &Path) -> io::Result<()> {
        let path = common.join("packed-refs");
        let Some(found) = stat(&path)? else { return Ok(()) };
        if let Some(known) = self.before.packed.as_ref().filter(|memo| memo.holds(&found)) {
            self.found.packed = Some(known.clone());
            return Ok(());
        }
        let mut text = Vec::new();
        io::Read::read_to_end(&mut top.read_file(b"packed-refs")?, &mut text)?;
        let lines = text.lines().filter_map(|line| std::str::from_utf8(line).ok()?.split_once(' '));
        let refs = lines.filter_map(|(id, name)| Some((name.to_owned(), ObjectId::parse(id).ok()?))).collect();
        self.found.is_new = true;
        self.found.packed = Some(Memo::new(found, self.now, Arc::new(refs)));
        Ok(())
    }
}

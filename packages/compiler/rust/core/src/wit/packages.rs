//! From files to packages that know each other.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use wit_parser::{PackageId, Resolve, SourceMap, Span};

use super::error::{WitError, sentence};
use crate::error::one_line;

/// Most files.
pub(super) const MOST_FILES: usize = 1000;

/// Most text in all files, in bytes.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// Name of the folder that holds the packages which others use.
const DEPENDENCIES: &str = "deps/";

/// Reads all packages, and tells which is the one that uses the others.
pub(super) fn read(files: &[(String, String)]) -> Result<(Resolve, PackageId), WitError> {
    let bytes = files.iter().map(|(path, text)| path.len() + text.len()).fold(0, usize::saturating_add);
    if files.len() > MOST_FILES || bytes > MOST_BYTES {
        return Err(WitError::TooLarge { files: files.len(), bytes });
    }
    let folders = files.iter().map(|(path, _)| folder(path)).collect();
    let mut main = SourceMap::new();
    let mut dependencies: BTreeMap<&str, SourceMap> = BTreeMap::new();
    for (path, text) in files {
        match dependency(path, &folders)? {
            None => main.push_str(path, text),
            Some(folder) => dependencies.entry(folder).or_default().push_str(path, text),
        }
    }
    if main.source_names().next().is_none() {
        return Err(WitError::NoFiles);
    }
    let parse = |group: SourceMap| {
        group.parse().map_err(|(group, error)| located(files, &group, error.kind().span(), error.kind()))
    };
    let main = parse(main)?;
    let dependencies = dependencies.into_values().map(parse).collect::<Result<_, _>>()?;
    let mut resolve = Resolve::new();
    match resolve.push_groups(main, dependencies) {
        Ok(package) => Ok((resolve, package)),
        Err(error) => Err(located(files, &resolve.source_map, error.kind().span(), error.kind())),
    }
}

/// The package below `deps` that a file belongs to, by the way to it. A folder of that name means nothing by itself: it
/// lies beside files of the package that uses what is in it.
fn dependency<'p>(path: &'p str, folders: &HashSet<&str>) -> Result<Option<&'p str>, WitError> {
    let mut found = path.rmatch_indices(DEPENDENCIES).map(|(at, name)| path.split_at(at + name.len()));
    let Some((folder, rest)) =
        found.find(|(to, _)| to.strip_suffix(DEPENDENCIES).is_some_and(|beside| folders.contains(beside)))
    else {
        return Ok(None);
    };
    match rest.split_once('/') {
        None => Ok(Some(path)),
        Some((package, file)) if !file.contains('/') => Ok(Some(&path[..folder.len() + package.len()])),
        Some(_) => Err(WitError::Package(one_line(&format!(
            "{path}: the files of a package lie in one folder, {DEPENDENCIES}NAME/"
        )))),
    }
}

/// The folder of a file, with the slash at its end; empty where the path has none.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// An error with its place.
fn located(files: &[(String, String)], map: &SourceMap, span: Span, error: &dyn Display) -> WitError {
    let message = sentence(error);
    // wit-parser counts columns in bytes, which is where no editor leads.
    let place = map.resolve_span(span).and_then(|place| {
        let (_, text) = files.iter().find(|(path, _)| path == place.path)?;
        let text = text.get(..place.range.start)?;
        let line_start = text.rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
        Some((place.path, line, 1 + text[line_start..].chars().count()))
    });
    match place {
        Some((path, line, column)) => WitError::Text { path: one_line(path), line, column, message },
        None => WitError::Package(message),
    }
}

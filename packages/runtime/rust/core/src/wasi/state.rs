//! Everything a run can reach, and how it starts over.

use alloc::borrow::Cow;

use super::arguments::{RunError, Strings};
use super::descriptors::Descriptors;
use super::preview2::Resources;
use super::tree::{Tree, TreeError};

/// The state behind the WASI functions of one instance.
///
/// The file tree is fixed at boot. [`reset`](Self::reset) starts a run; until then the program has
/// no arguments, no environment and an empty stdin.
pub struct WasiState {
    pub(super) tree: Tree,
    pub(super) arguments: Strings,
    pub(super) environment: Strings,
    pub(super) stdin: Cow<'static, [u8]>,
    /// How much of `stdin` was read; never beyond its end.
    pub(super) stdin_position: usize,
    pub(super) descriptors: Descriptors,
    /// Of a component, which has no descriptors.
    pub(crate) resources: Resources,
}

impl WasiState {
    /// A state whose file tree holds `files`: absolute path (`/`-separated, without `.`, `..` and
    /// empty names) and contents. Directories exist where a path needs them.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'static [u8])>) -> Result<Self, TreeError> {
        let tree = Tree::new(files)?;
        Ok(Self {
            tree,
            arguments: Strings::default(),
            environment: Strings::default(),
            stdin: Cow::Borrowed(&[]),
            stdin_position: 0,
            descriptors: Descriptors::new(),
            resources: Resources::default(),
        })
    }

    /// Starts a run: new arguments (the first is the program's name), environment (`KEY=VALUE`) and
    /// stdin; descriptors are as at the start again. Nothing of an earlier run stays.
    ///
    /// On an error the state is that of an empty run.
    pub fn reset<'a>(
        &mut self,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: impl IntoIterator<Item = &'a str>,
        stdin: Cow<'static, [u8]>,
    ) -> Result<(), RunError> {
        self.arguments = Strings::default();
        self.environment = Strings::default();
        self.stdin = Cow::Borrowed(&[]);
        self.stdin_position = 0;
        self.descriptors = Descriptors::new();
        let new_arguments = Strings::new(arguments)?;
        self.environment = Strings::new(environment)?;
        self.arguments = new_arguments;
        self.stdin = stdin;
        Ok(())
    }

    /// What of stdin has not been read.
    pub(super) fn stdin_rest(&self) -> &[u8] {
        self.stdin.get(self.stdin_position..).unwrap_or_default()
    }
}

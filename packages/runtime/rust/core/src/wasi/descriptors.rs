//! The table of open descriptors, and the functions on the table itself.

use alloc::vec::Vec;

use super::OutputStream;
use super::errno::Errno;
use super::memory::Memory;
use super::rights::{self, Rights};
use super::state::WasiState;
use super::tree::NodeId;

/// Most descriptors that a program can have open.
pub const DESCRIPTOR_LIMIT: usize = 1024;

/// The descriptor of the preopened directory in a new run.
pub const PREOPEN_DESCRIPTOR: u32 = 3;

/// The name of the preopened directory.
pub const PREOPEN_NAME: &str = "/";

/// What a descriptor stands for.
#[derive(Clone, Copy)]
pub(super) enum Object {
    Stdin,
    Output(OutputStream),
    File { node: NodeId, contents: &'static [u8], position: u64 },
    Directory { node: NodeId, preopen: bool },
}

/// An open descriptor.
#[derive(Clone, Copy)]
pub(super) struct Descriptor {
    pub(super) object: Object,
    /// `fdflags` as the program set them; none changes what these objects do.
    pub(super) flags: u16,
    pub(super) rights: Rights,
    /// Most rights of a descriptor that is opened through this one.
    pub(super) inherited: Rights,
}

impl Descriptor {
    fn new(object: Object, rights: Rights) -> Self {
        Self { object, flags: 0, rights, inherited: 0 }
    }

    /// Fails with `ENOTCAPABLE` unless the descriptor has all of `rights`.
    pub(super) fn require(&self, rights: Rights) -> Result<(), Errno> {
        if self.rights & rights == rights { Ok(()) } else { Err(Errno::NotCapable) }
    }

    /// Fails with `EBADF` unless the descriptor is open for `right`: what POSIX says of reading and
    /// writing, where [`require`](Self::require) has an error of WASI's own.
    pub(super) fn require_open_for(&self, right: Rights) -> Result<(), Errno> {
        if self.rights & right == right { Ok(()) } else { Err(Errno::BadDescriptor) }
    }

    /// The directory behind the descriptor, which must have `rights`.
    pub(super) fn directory(&self, rights: Rights) -> Result<NodeId, Errno> {
        let Object::Directory { node, .. } = self.object else {
            return Err(Errno::NotDirectory);
        };
        self.require(rights)?;
        Ok(node)
    }
}

/// Open descriptors by number.
pub(super) struct Descriptors {
    /// At most [`DESCRIPTOR_LIMIT`] slots.
    slots: Vec<Option<Descriptor>>,
}

impl Descriptors {
    /// The table of a new run: stdin, stdout, stderr and the preopened root.
    pub(super) fn new() -> Self {
        let root = Descriptor {
            inherited: rights::INHERITED,
            ..Descriptor::new(Object::Directory { node: NodeId::ROOT, preopen: true }, rights::DIRECTORY)
        };
        let slots = Vec::from([
            Some(Descriptor::new(Object::Stdin, rights::STDIN)),
            Some(Descriptor::new(Object::Output(OutputStream::Stdout), rights::OUTPUT)),
            Some(Descriptor::new(Object::Output(OutputStream::Stderr), rights::OUTPUT)),
            Some(root),
        ]);
        Self { slots }
    }

    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BadDescriptor)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BadDescriptor)
    }

    /// Adds a descriptor under the lowest free number.
    pub(super) fn add(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.slots.iter().position(Option::is_none);
        let fd = free.unwrap_or(self.slots.len());
        if fd >= DESCRIPTOR_LIMIT {
            return Err(Errno::TooManyDescriptors);
        }
        match self.slots.get_mut(fd) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        Ok(fd as u32)
    }

    fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = self.slots.get_mut(fd as usize).ok_or(Errno::BadDescriptor)?;
        slot.take().ok_or(Errno::BadDescriptor)
    }
}

pub(super) fn fd_close(state: &mut WasiState, _: &mut Memory<'_>, fd: u32) -> Result<(), Errno> {
    state.descriptors.remove(fd).map(|_| ())
}

/// Moves `fd` to `to`, which must be open too and is closed by it.
pub(super) fn fd_renumber(state: &mut WasiState, _: &mut Memory<'_>, fd: u32, to: u32) -> Result<(), Errno> {
    state.descriptors.get(to)?;
    let descriptor = state.descriptors.remove(fd)?;
    *state.descriptors.slots.get_mut(to as usize).ok_or(Errno::BadDescriptor)? = Some(descriptor);
    Ok(())
}

//! Host memory of machines, guest page tables, and the guest address space built from both.

mod growth;
mod mapping;
mod paging;
mod space;

pub(crate) use growth::{Growth, Piece, set_pages};
pub(crate) use mapping::HostMemory;
pub(crate) use paging::{Access, PageTables};
pub(crate) use space::{Extent, Extents};

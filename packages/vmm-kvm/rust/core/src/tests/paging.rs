use twinwall_abi::layout::{LARGE_PAGE, PAGE};

use crate::memory::{Access, HostMemory, PageTables};

fn tables(pages: usize) -> (HostMemory, PageTables) {
    let memory = HostMemory::small(pages * PAGE as usize).expect("memory");
    (memory, PageTables::new(0, 0x5000, pages))
}

#[test]
fn maps_small_and_large_pages() {
    let (mut memory, mut tables) = tables(16);
    tables.map(&mut memory, 0x40_0000, 0x10_0000, 3 * PAGE, Access::Read, false).expect("small pages");
    tables
        .map(&mut memory, 0x8000_0000, 0x4000_0000, 2 * LARGE_PAGE, Access::Write, true)
        .expect("large pages");
    for (address, mapped) in [
        (0x40_0000 - 1, false),
        (0x40_0000, true),
        (0x40_2fff, true),
        (0x40_3000, false),
        (0x8000_0000, true),
        (0x8000_0000 + 2 * LARGE_PAGE - 1, true),
        (0x8000_0000 + 2 * LARGE_PAGE, false),
    ] {
        assert_eq!(tables.is_mapped(&memory, address), mapped, "{address:#x}");
    }
}

#[test]
fn an_entry_that_is_present_never_changes() {
    let (mut memory, mut tables) = tables(8);
    tables.map(&mut memory, 0x1000, 0x7000, PAGE, Access::Read, false).expect("a page");
    let before = memory.slice().to_vec();
    tables.map(&mut memory, 0x1000, 0x9000, PAGE, Access::Write, false).expect("the same page");
    assert_eq!(memory.slice(), before);
}

#[test]
fn running_out_of_tables_is_an_error() {
    let (mut memory, mut tables) = tables(4);
    tables.map(&mut memory, 0, 0, PAGE, Access::Read, false).expect("the tables of one page");
    assert!(tables.map(&mut memory, 1 << 40, 0, PAGE, Access::Read, false).is_err());
}

#[test]
fn nothing_is_writable_and_executable() {
    for access in [
        Access::Read,
        Access::Execute,
        Access::Write,
        Access::SystemRead,
        Access::SystemExecute,
        Access::SystemWrite,
    ] {
        let (mut memory, mut tables) = tables(4);
        tables.map(&mut memory, 0, 0, PAGE, access, false).expect("a page");
        let entry = u64::from_le_bytes(memory.slice()[3 * 4096..3 * 4096 + 8].try_into().expect("8 bytes"));
        let (writable, executable) = (entry & 2 != 0, entry >> 63 == 0);
        assert!(!(writable && executable), "{access:?}");
    }
}

//! Makes `libtwinwall_stack.a`: two functions that read and set the stack pointer of a WebAssembly module.
//!
//! After a failure nothing returns through the functions that were under way, so nothing puts their stack back. The
//! stack pointer is a global of the module, which Rust has no name for. In LLVM's assembly the functions are
//!
//! ```text
//! twinwall_stack_pointer:                    # () -> (i32)
//!     global.get  __stack_pointer
//! twinwall_set_stack_pointer:                # (i32) -> ()
//!     local.get   0
//!     global.set  __stack_pointer
//! ```
//!
//! and no assembler is at hand where guests are built, so the object file is written here, in the format of
//! <https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md>.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const GLOBAL: &str = "__stack_pointer";
const GETTER: &str = "twinwall_stack_pointer";
const SETTER: &str = "twinwall_set_stack_pointer";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("wasm32") {
        return Ok(());
    }
    let directory = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(directory.join("libtwinwall_stack.a"), archive("stack.o", &object()))?;
    println!("cargo::rustc-link-search=native={}", Path::new(&directory).display());
    println!("cargo::rustc-link-lib=static=twinwall_stack");
    Ok(())
}

/// The object file.
fn object() -> Vec<u8> {
    let types = [&[2, 0x60, 0, 1, 0x7f][..], &[0x60, 1, 0x7f, 0]].concat();
    // A global of kind 3, type i32, mutable.
    let imports = [&[1][..], &string("env"), &string(GLOBAL), &[3, 0x7f, 1]].concat();
    let functions = [2, 0, 1];
    // The index of the global takes five bytes, so that the linker can write any: `0x80 0x80 0x80 0x80 0x00` is 0.
    let index = [0x80, 0x80, 0x80, 0x80, 0];
    let getter = [&[0, 0x23][..], &index, &[0x0b]].concat();
    let setter = [&[0, 0x20, 0, 0x24][..], &index, &[0x0b]].concat();
    let code = [&[2][..], &sized(&getter), &sized(&setter)].concat();
    // Where the two indices stand in the code section: the count, then for each function its length and what is in front.
    let getter_index = 1 + 1 + 2;
    let setter_index = 1 + (1 + getter.len()) + 1 + 4;
    // A symbol table of functions 0 and 1, and global 0, which is undefined (flag 0x10) and so has its import's name.
    let symbols = [&[3, 0, 0, 0][..], &string(GETTER), &[0, 0, 1], &string(SETTER), &[2, 0x10, 0]].concat();
    let linking = [&[2, 8][..], &sized(&symbols)].concat();
    // In section number 3, two relocations of kind 7 (index of a global), against symbol 2.
    let relocations = [3, 2, 7, getter_index, 2, 7, u8::try_from(setter_index).unwrap_or(u8::MAX), 2];
    [
        &b"\0asm\x01\0\0\0"[..],
        &section(1, &types),
        &section(2, &imports),
        &section(3, &functions),
        &section(10, &code),
        &section(0, &[&string("linking")[..], &linking].concat()),
        &section(0, &[&string("reloc.CODE")[..], &relocations].concat()),
    ]
    .concat()
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id][..], &sized(contents)].concat()
}

fn string(text: &str) -> Vec<u8> {
    sized(text.as_bytes())
}

/// Bytes with their number in front, as LEB128 in one or two bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let (low, high) = ((bytes.len() & 0x7f) as u8, (bytes.len() >> 7) as u8);
    assert!(high < 0x80, "longer than two bytes can say");
    let length = if high == 0 { vec![low] } else { vec![low | 0x80, high] };
    [length, bytes.to_vec()].concat()
}

/// An archive of one file, as `ar` makes it.
fn archive(name: &str, contents: &[u8]) -> Vec<u8> {
    let size = contents.len();
    let header =
        format!("!<arch>\n{:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", format!("{name}/"), 0, 0, 0, 644);
    let padding: &[u8] = if size.is_multiple_of(2) { b"" } else { b"\n" };
    [header.as_bytes(), contents, padding].concat()
}

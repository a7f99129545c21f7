//! All functions of preview 1 with their types, written down from the specification's witx files.

use crate::wasi;

/// Name, parameters (`i` is i32, `l` is i64), and whether there is an error number.
pub(crate) const SIGNATURES: &[(&str, &str, bool)] = &[
    ("args_get", "ii", true),
    ("args_sizes_get", "ii", true),
    ("environ_get", "ii", true),
    ("environ_sizes_get", "ii", true),
    ("clock_res_get", "ii", true),
    ("clock_time_get", "ili", true),
    ("fd_advise", "illi", true),
    ("fd_allocate", "ill", true),
    ("fd_close", "i", true),
    ("fd_datasync", "i", true),
    ("fd_fdstat_get", "ii", true),
    ("fd_fdstat_set_flags", "ii", true),
    ("fd_fdstat_set_rights", "ill", true),
    ("fd_filestat_get", "ii", true),
    ("fd_filestat_set_size", "il", true),
    ("fd_filestat_set_times", "illi", true),
    ("fd_pread", "iiili", true),
    ("fd_prestat_get", "ii", true),
    ("fd_prestat_dir_name", "iii", true),
    ("fd_pwrite", "iiili", true),
    ("fd_read", "iiii", true),
    ("fd_readdir", "iiili", true),
    ("fd_renumber", "ii", true),
    ("fd_seek", "ilii", true),
    ("fd_sync", "i", true),
    ("fd_tell", "ii", true),
    ("fd_write", "iiii", true),
    ("path_create_directory", "iii", true),
    ("path_filestat_get", "iiiii", true),
    ("path_filestat_set_times", "iiiilli", true),
    ("path_link", "iiiiiii", true),
    ("path_open", "iiiiillii", true),
    ("path_readlink", "iiiiii", true),
    ("path_remove_directory", "iii", true),
    ("path_rename", "iiiiii", true),
    ("path_symlink", "iiiii", true),
    ("path_unlink_file", "iii", true),
    ("poll_oneoff", "iiii", true),
    ("proc_exit", "i", false),
    ("proc_raise", "i", true),
    ("sched_yield", "", true),
    ("random_get", "ii", true),
    ("sock_accept", "iii", true),
    ("sock_recv", "iiiiii", true),
    ("sock_send", "iiiii", true),
    ("sock_shutdown", "ii", true),
];

/// A module with `pages` of memory that imports every function and exports it again under its name.
pub(crate) fn module_text(pages: u32) -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for (name, parameters, has_errno) in SIGNATURES {
        let types: String =
            parameters.chars().map(|kind| if kind == 'i' { " i32" } else { " i64" }).collect();
        let result = if *has_errno { "(result i32)" } else { "" };
        let arguments: String = (0..parameters.len()).map(|index| format!(" local.get {index}")).collect();
        imports += &format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{types}) {result}))\n"
        );
        exports += &format!("(func (export \"{name}\") (param{types}) {result}{arguments} call ${name})\n");
    }
    format!("(module {imports} (memory (export \"memory\") {pages}) {exports})")
}

#[test]
fn every_function_of_the_specification_is_defined() {
    let mut specified: Vec<_> = SIGNATURES.iter().map(|(name, ..)| *name).collect();
    let mut defined = wasi::FUNCTIONS.to_vec();
    specified.sort_unstable();
    defined.sort_unstable();
    assert_eq!(specified.len(), 46);
    assert_eq!(specified, defined);
}

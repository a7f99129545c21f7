// The functions of WASI preview 1 as a guest imports them.

/**
 * What a parameter is: a descriptor, a pointer, another number of 32 bits (a length, a count, flags), or one of 64 bits.
 */
export type Parameter = "descriptor" | "pointer" | "number" | "wide";

/** A function with its parameters. */
export interface WasiFunction {
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

const letters: Readonly<Record<string, Parameter>> = {
  d: "descriptor",
  p: "pointer",
  n: "number",
  w: "wide",
};

// Inputs of the corpus name functions by their place here: a new one comes last.
const table = `
  args_get pp, args_sizes_get pp, environ_get pp, environ_sizes_get pp,
  clock_res_get np, clock_time_get nwp,
  fd_advise dwwn, fd_allocate dww, fd_close d, fd_datasync d, fd_fdstat_get dp, fd_fdstat_set_flags dn,
  fd_fdstat_set_rights dww, fd_filestat_get dp, fd_filestat_set_size dw, fd_filestat_set_times dwwn,
  fd_pread dpnwp, fd_prestat_dir_name dpn, fd_prestat_get dp, fd_pwrite dpnwp, fd_read dpnp, fd_readdir dpnwp,
  fd_renumber dd, fd_seek dwnp, fd_sync d, fd_tell dp, fd_write dpnp,
  path_create_directory dpn, path_filestat_get dnpnp, path_filestat_set_times dnpnwwn, path_link dnpndpn,
  path_open dnpnnwwnp, path_readlink dpnpnp, path_remove_directory dpn, path_rename dpndpn, path_symlink pndpn,
  path_unlink_file dpn,
  poll_oneoff ppnp, proc_exit n, proc_raise n, sched_yield -, random_get pn,
  sock_accept dnp, sock_recv dpnnpp, sock_send dpnnp, sock_shutdown dn`;

/** All functions. */
export const wasiFunctions: readonly WasiFunction[] = table.split(",").map((row) => {
  const [name = "", shape = ""] = row.trim().split(" ");
  return { name, parameters: [...shape].flatMap((letter) => letters[letter] ?? []) };
});

/** The function at that place; numbers beyond the end start over, as in the guest. */
export function functionAt(number: number): WasiFunction {
  return wasiFunctions[number % wasiFunctions.length] as WasiFunction;
}

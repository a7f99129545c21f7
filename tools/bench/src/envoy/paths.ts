import type { ConnectionOptions } from "@twinwall/envoy";

/** What a path can lack. */
export type Part = "v8 plugin" | "module" | "kvm" | "guest" | "native guest" | "service";

/** What stands in the filter chain of a path. */
export type Chain =
  | { readonly kind: "no envoy" }
  | { readonly kind: "echo" }
  | { readonly kind: "tcp_proxy" }
  | { readonly kind: "v8" }
  /** Our dynamic module; the echo filter behind it unless it is terminal. */
  | { readonly kind: "in process"; readonly guest: GuestKind; readonly options: ConnectionOptions }
  /** Our service, with the echo filter behind. */
  | { readonly kind: "ext_proc"; readonly guest: GuestKind; readonly options: ConnectionOptions };

/** What runs in the machine. */
export type GuestKind = "none" | "wasm" | "native";

/** A way that bytes take from the client and back. */
export interface Path {
  /** As the table and the plot have it. */
  readonly label: string;
  readonly needs: readonly Part[];
  readonly chain: Chain;
}

/** Once there and back through a terminal filter: one call of the guest. */
const TERMINAL = { directions: "read", terminal: true } as const;
/** The service sees one direction, so that an echo is one call of the guest here too. */
const READ = { directions: "read" } as const;

/** All paths, in the report's order. */
export const PATHS = {
  direct: { label: "no Envoy", needs: [], chain: { kind: "no envoy" } },
  bare: { label: "Envoy's echo filter", needs: [], chain: { kind: "echo" } },
  "tcp-proxy": { label: "Envoy's tcp_proxy", needs: [], chain: { kind: "tcp_proxy" } },
  v8: { label: "Envoy's V8 filter + echo filter", needs: ["v8 plugin"], chain: { kind: "v8" } },
  "module-before": {
    label: "our module without a machine + echo filter",
    needs: ["module"],
    chain: inProcess("none", { machine: "none" }),
  },
  module: {
    label: "our module without a machine",
    needs: ["module"],
    chain: inProcess("none", { machine: "none", ...TERMINAL }),
  },
  floor: {
    label: "our module, one bare exit",
    needs: ["module", "kvm"],
    chain: inProcess("none", { machine: "floor", ...TERMINAL }),
  },
  native: machinePath("native guest in KVM", "native", { state: "connection" }),
  "native-reset": machinePath("native guest in KVM, reset", "native", { state: "call" }),
  wasm: machinePath("Wasm guest in KVM", "wasm", { state: "connection" }),
  "wasm-reset": machinePath("Wasm guest in KVM, reset", "wasm", { state: "call" }),
  "wasm-thread": machinePath("Wasm guest in KVM, on a thread", "wasm", {
    state: "connection",
    placement: "thread",
  }),
  "wasm-thread-reset": machinePath("Wasm guest in KVM, on a thread, reset", "wasm", {
    state: "call",
    placement: "thread",
  }),
  "service-nothing": {
    label: "ext_proc to nothing + echo filter",
    needs: ["service"],
    chain: { kind: "ext_proc", guest: "none", options: { machine: "none", ...READ } },
  },
  "service-soft": {
    label: "ext_proc to the soft machine + echo filter",
    needs: ["service", "guest"],
    chain: { kind: "ext_proc", guest: "wasm", options: { machine: "soft", ...READ } },
  },
  "service-kvm": {
    label: "ext_proc to KVM + echo filter",
    needs: ["service", "guest", "kvm"],
    chain: { kind: "ext_proc", guest: "wasm", options: { machine: "kvm", ...READ } },
  },
} as const satisfies Readonly<Record<string, Path>>;

/** Name of a path, as the command line and the load client have it. */
export type PathName = keyof typeof PATHS;

/** Names of all paths, in the report's order. */
export const PATH_NAMES = Object.keys(PATHS) as readonly PathName[];

/** Whether there is a path of this name. */
export function isPathName(name: string): name is PathName {
  return Object.hasOwn(PATHS, name);
}

/** A path by its name. */
export function pathOf(name: PathName): Path {
  return PATHS[name];
}

function inProcess(guest: GuestKind, options: ConnectionOptions): Chain {
  return { kind: "in process", guest, options };
}

/** A guest in the module's machine, in the place of the echo filter. */
function machinePath(label: string, guest: "wasm" | "native", options: ConnectionOptions): Path {
  const needs: readonly Part[] = ["module", "kvm", guest === "wasm" ? "guest" : "native guest"];
  return { label, needs, chain: inProcess(guest, { machine: "kvm", ...options, ...TERMINAL }) };
}

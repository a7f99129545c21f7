import { parseArgs } from "node:util";

/** Where the guest runs: in Envoy's own process, or in a service beside it. */
export type Way = "in-process" | "ext-proc";

/** The guest: as WebAssembly, two walls; or the image of native code that echoes, one wall. */
export type GuestName = "wasm" | "native";

/** What the command line asked for. */
export interface AppOptions {
  /** `undefined`: in process where that is possible. */
  readonly way: Way | undefined;
  readonly guest: GuestName;
  /** Stay until a signal comes. */
  readonly serve: boolean;
  /** Only print the configuration. */
  readonly config: boolean;
  /** Where Envoy listens, of 127.0.0.1; 0 takes a free one. */
  readonly port: number;
}

export const USAGE = `usage: npm run envoy-echo -- [--in-process | --ext-proc] [--guest wasm|native] [--serve] [--port N] [--config]

Starts an Envoy with a guest function on its connections, sends echoes through it, and shows what happened.
  --in-process  the guest runs in Envoy's own process; needs KVM. The default where there is KVM
  --ext-proc    the guest runs in a service beside Envoy
  --guest NAME  wasm (default), or native: machine code without WebAssembly, in process only
  --serve       keeps Envoy running, to try it with nc
  --port N      where Envoy listens; default: a free port
  --config      only prints Envoy's configuration
`;

/** Reads the command line; `"help"` when that is asked for. Throws `TypeError` for anything that it does not know. */
export function parseOptions(words: readonly string[]): AppOptions | "help" {
  const { values } = parseArgs({
    // A package manager hands the dashes on.
    args: words.filter((word) => word !== "--"),
    options: {
      "in-process": { type: "boolean", default: false },
      "ext-proc": { type: "boolean", default: false },
      guest: { type: "string", default: "wasm" },
      serve: { type: "boolean", default: false },
      port: { type: "string", default: "0" },
      config: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const inProcess = values["in-process"];
  const extProc = values["ext-proc"];
  if (inProcess && extProc) throw new TypeError("--in-process and --ext-proc: take one of them");
  const { guest, serve, config } = values;
  if (guest !== "wasm" && guest !== "native")
    throw new TypeError(`--guest: "${guest}" is neither wasm nor native`);
  if (guest === "native" && extProc) throw new TypeError("--guest native: the service runs WebAssembly only");
  const way = inProcess || guest === "native" ? "in-process" : extProc ? "ext-proc" : undefined;
  return { way, guest, serve, config, port: parsePort(values.port) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 0xffff) return port;
  throw new TypeError(`--port: "${text}" is no port`);
}

import { TwinwallError } from "@twinwall/sandbox";

/** Where a module comes from. */
export interface ModuleSource {
  readonly name: string;
  /** @throws TwinwallError `E_NO_FILE`, `E_LIMIT` */
  readonly read: () => Promise<Uint8Array>;
}

/** Largest module that is read, bytes: what the compiler takes by default. */
const LARGEST_MODULE = 64 * 2 ** 20;

/** A module in a file of the user's. What the compiler would refuse for its size is not even read. */
export function fileSource(file: File): ModuleSource {
  return {
    name: file.name,
    async read() {
      if (file.size > LARGEST_MODULE) {
        const message = `the module has ${file.size} bytes; at most ${LARGEST_MODULE} are allowed`;
        throw new TwinwallError("E_LIMIT", message);
      }
      try {
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        throw TwinwallError.from(error, "E_NO_FILE");
      }
    },
  };
}

/** One of the examples that lie beside the page. */
export function exampleSource(name: string): ModuleSource {
  const file = `${name}.wasm`;
  return {
    name: file,
    async read() {
      try {
        const response = await fetch(`examples/${file}`);
        if (!response.ok) throw new Error(`example ${file} was answered with status ${response.status}`);
        return new Uint8Array(await response.arrayBuffer());
      } catch (error) {
        throw TwinwallError.from(error, "E_NO_FILE");
      }
    },
  };
}

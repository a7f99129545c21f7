import { ABI_VERSION, TwinwallError } from "@twinwall/abi";

/** An image, compiled, with what the host must know of it. */
export interface SoftImage {
  readonly module: WebAssembly.Module;
  /** Where statics that the image writes begin; read-only data lies below. */
  readonly writableStart: number;
  /** Where its statics end. */
  readonly staticEnd: number;
  /** Bytes of its stack, which begins at address 0. */
  readonly stackBytes: number;
}

/** Name of the custom section that holds the image's header; packages/runtime/scripts writes it. */
const SECTION = "twinwall";

/** `TWIM` read as a little-endian number. */
const MAGIC = 0x4d49_5754;

/** Bytes of the header: magic, ABI version, start of writable statics, end of statics, bytes of stack; all u32. */
const HEADER_BYTES = 20;

const compiled = new WeakMap<Uint8Array, SoftImage>();

/**
 * Compiles an image; the same bytes once.
 *
 * @throws TwinwallError `E_INTERNAL` when they are no image for this release.
 */
export function compileImage(bytes: Uint8Array): SoftImage {
  const known = compiled.get(bytes);
  if (known !== undefined) return known;
  const image = readImage(compileModule(bytes));
  compiled.set(bytes, image);
  return image;
}

/**
 * Reads the header of a compiled image.
 *
 * @throws TwinwallError `E_INTERNAL` when it is no image for this release.
 */
export function readImage(module: WebAssembly.Module): SoftImage {
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  if (section === undefined || section.byteLength !== HEADER_BYTES) throw refused("it has no header");
  const view = new DataView(section);
  const field = (index: number): number => view.getUint32(4 * index, true);
  if (field(0) !== MAGIC) throw refused("its header has another mark");
  if (field(1) !== ABI_VERSION) {
    throw refused(`it was built for guest ABI version ${field(1)}, this host speaks ${ABI_VERSION}`);
  }
  return { module, writableStart: field(2), staticEnd: field(3), stackBytes: field(4) };
}

function compileModule(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
}

function refused(reason: string): TwinwallError {
  return new TwinwallError("E_INTERNAL", `the image of the soft machine is refused: ${reason}`);
}

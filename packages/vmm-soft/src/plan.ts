import { LARGEST_AREA, TwinwallError } from "@twinwall/abi";

/** Bytes of a page of the guest contract. */
export const PAGE = 4096;

/** Bytes of a WebAssembly page. */
export const WASM_PAGE = 65_536;

/** Where attachments begin: behind everything that an image may hold statically. */
export const ATTACHMENTS = 512 * 1024;

/** Bytes of the interpreter's stack: `places::WASM_STACK` of the image. */
export const INTERPRETER_STACK = 640 * 1024;

/** Bytes of the outbox; a full one is drained. */
export const OUTBOX_BYTES = 8 * 1024;

/** Bytes of the output area that are open from the start. */
export const OUTPUT_OPEN = 8 * 1024;

/** Inputs up to this size, answers of host functions included, have their area in front of the linear memories. */
const NEAR_INPUT = 256 * 1024;

/** Heap that is there whatever the module. */
const HEAP_BYTES = 1024 * 1024;

/** Heap for what the runtime keeps of a module, as a multiple of its code. */
const HEAP_PER_CODE = 4;

/** Least size of each far window, where memories may become so large that they would leave none. */
const FAR_BYTES = 64 * 1024 * 1024;

/** End of the address space. */
const ADDRESS_SPACE = 2 ** 32 - WASM_PAGE;

/** A range of guest addresses. */
export interface Window {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Where everything lies in a machine's memory. Only what is opened exists: an instance's memory ends where the last
 * open byte lies, so windows that are rarely needed come last.
 */
export interface MemoryPlan {
  readonly attachments: readonly Window[];
  readonly mailbox: number;
  readonly outbox: Window;
  readonly input: Window;
  readonly output: Window;
  /** The interpreter's stack. */
  readonly stack: Window;
  readonly heap: Window;
  /** Linear memory `n` lies at `memories + n * memoryStride`. */
  readonly memories: number;
  readonly memoryStride: number;
  readonly memoryCount: number;
  /** For inputs that do not fit the near area. */
  readonly farInput: Window;
  /** For what does not fit the heap: large tables. */
  readonly farHeap: Window;
  /** End of the last window: the memory's maximum. */
  readonly end: number;
}

/** What a plan depends on. Sizes in bytes. */
export interface PlanNeeds {
  /** Lengths of the attachments; the first is the compiled module. */
  readonly attachments: readonly number[];
  /** Cap on linear memories and tables together. */
  readonly memoryBytes: number;
  readonly memories: number;
  readonly outputBytes: number;
}

/** Addresses of attachments of these lengths, one behind the other. */
export function placeAttachments(lengths: readonly number[]): Window[] {
  let next = ATTACHMENTS;
  return lengths.map((bytes) => {
    const address = next;
    next = up(address + bytes, WASM_PAGE);
    return { address, bytes };
  });
}

/**
 * Lays a machine's memory out.
 *
 * @throws TwinwallError `E_MEMORY` when it does not fit 32-bit addresses.
 */
export function planMemory(needs: PlanNeeds): MemoryPlan {
  const attachments = placeAttachments(needs.attachments);
  let next = up(
    attachments.reduce((end, { address, bytes }) => Math.max(end, address + bytes), ATTACHMENTS),
    WASM_PAGE,
  );
  const take = (bytes: number): Window => {
    const address = next;
    next = up(address + bytes, PAGE);
    return { address, bytes: next - address };
  };
  const mailbox = take(PAGE).address;
  const outbox = take(OUTBOX_BYTES);
  const input = take(NEAR_INPUT);
  const output = take(Math.max(needs.outputBytes, OUTPUT_OPEN));
  const stack = take(INTERPRETER_STACK);
  const heap = take(HEAP_BYTES + HEAP_PER_CODE * (needs.attachments[0] ?? 0));
  const memories = up(next, WASM_PAGE);
  const count = Math.max(needs.memories, 1);
  // A command's stdin may be as large as any area, whatever the memory's size.
  const farInput = up(LARGEST_AREA + needs.outputBytes, WASM_PAGE);
  const farHeap = up(2 * needs.memoryBytes, WASM_PAGE);
  const room = ADDRESS_SPACE - memories - FAR_BYTES - Math.min(farHeap, FAR_BYTES);
  const stride = Math.min(up(needs.memoryBytes, WASM_PAGE), down(room / count, WASM_PAGE));
  if (stride < WASM_PAGE) {
    throw new TwinwallError(
      "E_MEMORY",
      "the module and its limits do not fit the soft machine's 4 GiB of addresses",
    );
  }
  const behind = memories + count * stride;
  const farInputBytes = Math.min(farInput, ADDRESS_SPACE - behind - Math.min(farHeap, FAR_BYTES));
  const farHeapBytes = Math.min(farHeap, ADDRESS_SPACE - behind - farInputBytes);
  return {
    attachments,
    mailbox,
    outbox,
    input,
    output,
    stack,
    heap,
    memories,
    memoryStride: stride,
    memoryCount: count,
    farInput: { address: behind, bytes: farInputBytes },
    farHeap: { address: behind + farInputBytes, bytes: farHeapBytes },
    end: behind + farInputBytes + farHeapBytes,
  };
}

/** Rounds up to a multiple of `unit`. */
export function up(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

function down(bytes: number, unit: number): number {
  return Math.floor(bytes / unit) * unit;
}

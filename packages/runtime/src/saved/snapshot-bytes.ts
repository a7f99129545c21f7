import type { ArtifactFacts, BootHostFunction, Limits, MachineName } from "@twinwall/abi";
import { inspectArtifact } from "@twinwall/compiler/slim";
import { bootLimits, type Driver, type GuestState, type StateRun } from "@twinwall/vmm";
import { platform } from "#runtime/platform";
import type { FileTree } from "../file-tree.js";
import { loadImage, prepareImage } from "../images.js";
import type { LoadedModule } from "../module.js";
import { type SnapshotLease, SnapshotStore } from "../snapshot-store.js";
import { bad, decodeContainer, encodeContainer } from "./container.js";
import { checkHeader, PAGE, type SavedHeader, type Span } from "./header.js";

/** What belongs to a guest's state. */
export interface SavedParts {
  readonly driver: Driver;
  readonly module: LoadedModule;
  readonly files: FileTree;
  readonly hostFunctions: readonly BootHostFunction[];
  readonly limits: Limits;
  readonly state: GuestState;
}

/**
 * Writes a guest's state with all that it needs: the compiled module and the file tree too.
 *
 * @param key Authenticates it.
 */
export function writeSnapshot(parts: SavedParts, key: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const { driver, module, files, state, limits } = parts;
  const pieces = [module.artifact, files.bytes, state.registers];
  const runs = state.runs.map(({ address, bytes }) => {
    const spans = spansOf(bytes);
    for (const [offset, length] of spans) pieces.push(bytes.subarray(offset, offset + length));
    return { address, length: bytes.length, spans };
  });
  const header: SavedHeader = {
    machine: driver.machine,
    image: imageHash(driver.machine),
    processor: platform.sha256(driver.processor),
    artifact: module.artifact.length,
    fileBytes: files.bytes.length,
    files: files.files,
    hostFunctions: parts.hostFunctions,
    memory: limits.memory,
    resultBytes: limits.resultBytes,
    registers: state.registers.length,
    ends: state.ends,
    runs,
  };
  return encodeContainer(header, pieces, key);
}

/** A snapshot that was read and verified, but for what its machine has to say of the state. */
export interface ReadSnapshot {
  readonly header: SavedHeader;
  readonly facts: ArtifactFacts;
  readonly artifact: Uint8Array;
  readonly files: FileTree;
  readonly state: GuestState;
  /** Names the contents. */
  readonly hash: string;
}

/**
 * Reads a snapshot.
 *
 * @param bytes Nobody else's.
 * @param most What its own limits may be at most.
 * @throws TwinwallError `E_BAD_SNAPSHOT` with the reason.
 */
export function readSnapshot(
  bytes: Uint8Array,
  key: Uint8Array | undefined,
  most: Pick<Limits, "memory" | "resultBytes">,
): ReadSnapshot {
  const { header: found, payload } = decodeContainer(bytes, key);
  const header = checkHeader(found, payload.length);
  // A small file may claim much memory that is zero: not more than was allowed is ever made.
  for (const name of ["memory", "resultBytes"] as const) {
    if (header[name] > most[name])
      throw bad(
        `it was taken with ${header[name]} bytes of ${name}, ${most[name]} are allowed; give limit ${name}`,
      );
  }
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return payload.subarray(at - length, at);
  };
  const artifact = take(header.artifact);
  const fileBytes = take(header.fileBytes);
  const registers = take(header.registers);
  const runs = header.runs.map(({ address, length, spans }): StateRun => {
    const contents = new Uint8Array(length);
    for (const [offset, count] of spans) contents.set(take(count), offset);
    return { address, bytes: contents };
  });
  const facts = factsOf(artifact);
  if (facts.machine !== header.machine) throw bad("its module was compiled for another machine");
  const files = { files: header.files, bytes: fileBytes, key: "" };
  const hash = platform.sha256(bytes);
  return {
    header,
    facts: factsOf(artifact),
    artifact,
    files,
    state: { registers, runs, ends: header.ends },
    hash,
  };
}

function factsOf(artifact: Uint8Array): ArtifactFacts {
  try {
    return inspectArtifact(artifact);
  } catch (error) {
    throw bad(
      `its module is not one of this release: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const store = new SnapshotStore(8);

/**
 * The machine's snapshot of what was read; sandboxes of the same bytes share it.
 *
 * @throws TwinwallError `E_BAD_SNAPSHOT` for what belongs to another image, processor or release, and for a state that no
 * guest can have.
 */
export async function loadSnapshot(
  { header, facts, files, state, hash }: ReadSnapshot,
  driver: Driver,
  limits: Limits,
  domain: string,
  recycle: boolean,
): Promise<SnapshotLease> {
  await prepareImage("wasm", driver.machine);
  if (header.image !== imageHash(driver.machine))
    throw bad("it was taken with another release of the guest runtime");
  if (header.processor !== platform.sha256(driver.processor)) throw bad("it was taken on another processor");
  const attachments = files.files.length === 0 ? [facts.code] : [facts.code, files.bytes];
  const key = JSON.stringify([hash, domain, recycle]);
  return store.lease(key, () => ({
    share: true,
    snapshot: driver.load({
      image: loadImage("wasm", driver.machine),
      attachments,
      limits: bootLimits({ ...limits, memory: header.memory, resultBytes: header.resultBytes }),
      memories: facts.memories,
      recycle,
      state,
    }),
  }));
}

const hashes = new WeakMap<Uint8Array, string>();

function imageHash(machine: MachineName): string {
  const image = loadImage("wasm", machine);
  const hash = hashes.get(image) ?? platform.sha256(image);
  hashes.set(image, hash);
  return hash;
}

/** Runs of pages that hold data. */
function spansOf(bytes: Uint8Array): Span[] {
  const spans: [number, number][] = [];
  for (let start = 0; start < bytes.length; start += PAGE) {
    const end = Math.min(start + PAGE, bytes.length);
    if (isZero(bytes, start, end)) continue;
    const last = spans.at(-1);
    if (last !== undefined && last[0] + last[1] === start) last[1] += end - start;
    else spans.push([start, end - start]);
  }
  return spans;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

import {
  type ArtifactFacts,
  decodeArtifact,
  looksLikeArtifact,
  showName,
  TwinwallError,
} from "@twinwall/abi";
import { platform } from "#platform";
import { equalBytes } from "./bytes.js";
import { compilerText } from "./description.js";

export type { ArtifactFacts } from "@twinwall/abi";

/** Bytes of the SHA-256 that ends a `.cwasm` file. */
const DIGEST_BYTES = 32;

/**
 * Reads what a compiled module says of itself. `code` is a view of `bytes`.
 *
 * Whether machine and fuel are those that the caller needs is for the caller to compare.
 *
 * @throws TwinwallError `E_BAD_MODULE` for what is no compiled module, is cut short or damaged, or comes from another
 * release of the compiler.
 */
export function inspectArtifact(bytes: Uint8Array): ArtifactFacts {
  const { table, digest } = parts(bytes);
  return readTable(table, equalBytes(platform.sha256Sync(table), digest));
}

/** As {@link inspectArtifact}, but without holding up the thread for the checksum where that can be helped. */
export async function checkArtifact(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const { table, digest } = parts(bytes);
  readTable(table, equalBytes(await platform.sha256(table), digest));
}

/** A file's table, and the digest behind it. */
function parts<Bytes extends Uint8Array>(bytes: Bytes): { table: Bytes; digest: Bytes } {
  // This throws, naming what a file is that does not even begin like one.
  if (!looksLikeArtifact(bytes)) decodeArtifact(bytes);
  const end = Math.max(0, bytes.length - DIGEST_BYTES);
  return { table: bytes.subarray(0, end) as Bytes, digest: bytes.subarray(end) as Bytes };
}

function readTable(table: Uint8Array, intact: boolean): ArtifactFacts {
  if (!intact) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      "compiled module: it is cut short or corrupted: its checksum does not match its contents",
    );
  }
  const facts = decodeArtifact(table);
  const expected = compilerText(facts.machine, facts.fuel);
  if (facts.compiler !== expected) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      `compiled module: it was made by ${showName(facts.compiler)}, but this release needs ${showName(expected)}; compile it again`,
    );
  }
  return facts;
}

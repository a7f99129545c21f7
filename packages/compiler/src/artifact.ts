import { createHash } from "node:crypto";
import {
  type ArtifactFacts,
  decodeArtifact,
  looksLikeArtifact,
  showName,
  TwinwallError,
} from "@twinwall/abi";
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
  const table = looksLikeArtifact(bytes) ? checkedTable(bytes) : bytes;
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

/** The table without the digest behind it, after that digest was compared. */
function checkedTable(bytes: Uint8Array): Uint8Array {
  const end = Math.max(0, bytes.length - DIGEST_BYTES);
  const table = bytes.subarray(0, end);
  const digest = createHash("sha256").update(table).digest();
  if (!digest.equals(bytes.subarray(end))) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      "compiled module: it is cut short or corrupted: its checksum does not match its contents",
    );
  }
  return table;
}

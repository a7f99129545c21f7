import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decodeArtifact, looksLikeArtifact, TwinwallError } from "@twinwall/abi";

const WASM_MAGIC = Buffer.from("\0asm");
const ELF_MAGIC = Buffer.from("\x7fELF");

/**
 * Reads the file that is to run in Envoy's process and returns its SHA-256, 64 hexadecimal digits.
 *
 * @throws TwinwallError `E_NO_FILE` when it cannot be read, `E_OPTION` when it is nothing that runs in process.
 */
export async function hashInProcessModule(path: string): Promise<string> {
  const bytes = await readModule(path);
  checkKind(path, bytes);
  return createHash("sha256").update(bytes).digest("hex");
}

async function readModule(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    const reason = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a directory" : code;
    throw new TwinwallError("E_NO_FILE", `module: ${path}: ${reason}`, { cause: error });
  }
}

/** Whether Envoy could run it is found out here, and not when it starts. */
function checkKind(path: string, bytes: Uint8Array): void {
  if (startsWith(bytes, ELF_MAGIC)) return;
  const output = `${path.replace(/\.c?wasm$/, "")}.cwasm`;
  if (startsWith(bytes, WASM_MAGIC)) {
    throw new TwinwallError(
      "E_OPTION",
      `module: ${path} is not compiled, and Envoy has no compiler; run: twinwall compile ${path} -o ${output} --machine kvm`,
    );
  }
  if (!looksLikeArtifact(bytes)) {
    throw new TwinwallError("E_OPTION", `module: ${path} is neither a .cwasm nor a native image (ELF)`);
  }
  const { machine } = decodeArtifact(bytes);
  if (machine === "kvm") return;
  throw new TwinwallError(
    "E_OPTION",
    `module: ${path} was compiled for ${machine}; in process it takes: twinwall compile MODULE -o ${output} --machine kvm`,
  );
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, magic.length), magic) === 0;
}

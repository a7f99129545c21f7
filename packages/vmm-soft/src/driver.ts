import type { BootRequest, Driver, LoadRequest, Snapshot } from "@twinwall/vmm";
import { placeAttachments } from "./plan.js";
import { bootSnapshot, loadSnapshot } from "./snapshot.js";

let opened: SoftDriver | undefined;

/** Opens the soft machine, which every host with WebAssembly has. */
export function openSoftDriver(): Driver {
  opened ??= new SoftDriver();
  return opened;
}

class SoftDriver implements Driver {
  readonly machine = "soft";
  readonly isolation = "none";
  readonly description = "an interpreter inside an instance of the host's WebAssembly engine";

  attachmentAddresses(lengths: readonly number[]): bigint[] {
    return placeAttachments(lengths).map(({ address }) => BigInt(address));
  }

  /** The interpreter is the same everywhere. */
  readonly processor = "";

  boot(request: BootRequest): Snapshot {
    return bootSnapshot(request);
  }

  load(request: LoadRequest): Snapshot {
    return loadSnapshot(request);
  }
}

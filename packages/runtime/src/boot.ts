import {
  type BootHostFunction,
  encodeBootConfiguration,
  errorNumbers,
  type Limits,
  type WorldFunction,
} from "@twinwall/abi";
import {
  bootLimits,
  type Driver,
  type HostCallHandler,
  type RecordHandler,
  type Snapshot,
} from "@twinwall/vmm";
import { platform } from "#runtime/platform";
import type { FileTree } from "./file-tree.js";
import { type ImageName, loadImage } from "./images.js";
import type { LoadedModule } from "./module.js";
import { type SnapshotLease, SnapshotStore } from "./snapshot-store.js";

/** What a snapshot is booted from. */
export interface BootOptions {
  readonly driver: Driver;
  readonly module: LoadedModule;
  readonly limits: Limits;
  /** A host call names a function by its position here. */
  readonly hostFunctions: readonly BootHostFunction[];
  readonly init: Uint8Array;
  readonly files: FileTree;
  readonly domain: string;
  readonly recycle: boolean;
  readonly seed: Uint8Array | undefined;
  /** Whether another sandbox's snapshot may be taken, and this one's be given. */
  readonly share: boolean;
  readonly hostCall: HostCallHandler;
  readonly record: RecordHandler;
}

const store = new SnapshotStore(8);

/**
 * Boots a module and takes its snapshot, or takes the one that an equal module and options made before.
 * A boot that called host functions is never shared: what they answered is part of it.
 *
 * @throws TwinwallError What the boot failed with; the deadline holds for it too, but is at least a second.
 */
export function bootSnapshot(options: BootOptions): SnapshotLease {
  if (!options.share) return store.own(() => boot(options).snapshot);
  return store.lease(snapshotKey(options), () => {
    const { snapshot, hostCalls } = boot(options);
    return { snapshot, share: hostCalls === 0 };
  });
}

/** The instance whose function `run` is what a component does as a command. */
const RUN = /^wasi:cli\/run@0\.2\.\d+$/;

/** Whether a function of a component is what it does as a command. */
export function isRun(declared: WorldFunction): boolean {
  return declared.name === "run" && declared.interfaceName !== undefined && RUN.test(declared.interfaceName);
}

/** Whether a module is a WASI command: it exports a function `_start`, or as a component `wasi:cli/run`. */
export function isCommand({ facts }: LoadedModule): boolean {
  if (facts.world !== undefined) return facts.world.exports.some(isRun);
  return facts.exports.some((item) => item.kind === "function" && item.name === "_start");
}

function boot(options: BootOptions): { snapshot: Snapshot; hostCalls: number } {
  const { driver, module, files } = options;
  const attachments = files.files.length === 0 ? [module.facts.code] : [module.facts.code, files.bytes];
  const addresses = driver.attachmentAddresses(attachments.map((attachment) => attachment.length));
  let hostCalls = 0;
  const snapshot = driver.boot({
    image: loadImage("wasm", driver.machine),
    attachments,
    input: encodeBootConfiguration({
      moduleAddress: addresses[0] ?? 0n,
      moduleLength: module.facts.code.length,
      filesAddress: addresses[1] ?? 0n,
      files: files.files,
      memoryLimit: options.limits.memory,
      fuel: module.facts.fuel,
      hostFunctions: options.hostFunctions,
      init: options.init,
      command: module.facts.world === undefined && isCommand(module),
      componentExports: module.facts.world?.exports,
    }),
    limits: bootLimits(options.limits),
    memories: module.facts.memories,
    seed: options.seed,
    recycle: options.recycle,
    hostCall: (hostFunction, input) => {
      hostCalls += 1;
      return options.hostCall(hostFunction, input);
    },
    record: options.record,
  });
  return { snapshot, hostCalls };
}

/**
 * Boots an image that needs no module, such as the native echo image.
 *
 * @throws TwinwallError `E_NO_FILE` when the image has not been built; what the boot failed with.
 */
export function bootNativeImage(driver: Driver, image: Exclude<ImageName, "wasm">, limits: Limits): Snapshot {
  return driver.boot({
    image: loadImage(image, driver.machine),
    attachments: [],
    input: new Uint8Array(0),
    limits: bootLimits(limits),
    seed: undefined,
    recycle: true,
    hostCall: () => -errorNumbers.E_BAD_REPLY,
    record: () => {},
  });
}

/** Everything that the contents of a snapshot depend on. */
function snapshotKey(options: BootOptions): string {
  return JSON.stringify([
    options.driver.machine,
    options.driver.isolation,
    options.module.key,
    options.limits.memory,
    options.limits.resultBytes,
    options.hostFunctions,
    options.init.length === 0 ? "" : platform.sha256(options.init),
    options.files.key,
    options.domain,
    options.recycle,
    options.seed === undefined ? "" : platform.sha256(options.seed),
  ]);
}

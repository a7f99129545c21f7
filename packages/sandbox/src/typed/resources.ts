import {
  type HandleType,
  type ResourceBridge,
  show,
  showName,
  TwinwallError,
  type WorldResource,
} from "@twinwall/abi";

/** Most resources of the host's that a guest may hold at a time. */
const MOST_RESOURCES = 65_536;

/** Makes the object that stands for a resource of the guest's. */
export type GuestResourceMaker = (type: HandleType, handle: number, scope: ResourceScope) => GuestResource;

/** A resource of the guest's, as the host holds it. */
export interface GuestResource {
  readonly [GUEST]: GuestHandle;
}

/** What is behind a {@link GuestResource}. */
export interface GuestHandle {
  readonly resource: WorldResource;
  readonly handle: number;
  readonly scope: ResourceScope;
  /** Whether it may still be used: not dropped, nor given back to the guest. */
  live: boolean;
  /** Whether it is the host's, and not only lent to it. */
  readonly owned: boolean;
}

/** Where an object keeps what it stands for. */
export const GUEST: unique symbol = Symbol("twinwall.guest-resource");

/** Tells whether a value stands for a resource of the guest's. */
export function isGuestResource(value: unknown): value is GuestResource {
  return typeof value === "object" && value !== null && GUEST in value;
}

/** Classes by which resources of the host's are recognised. */
export type ResourceClasses = ReadonlyMap<WorldResource, new (...values: never[]) => object>;

/** A resource of the host's that the guest has. */
interface HostResource {
  readonly object: object;
  readonly resource: WorldResource;
}

/**
 * The resources of one session, or of one call. Numbers that stand for the host's own resources are never used twice, so
 * that an old one names nothing.
 */
export class ResourceScope implements ResourceBridge {
  /** Whether calls that go on may follow. */
  live = true;
  readonly #hosts = new Map<number, HostResource>();
  /** What the guest may use until the call of its function returns. */
  #lent: number[] = [];
  /** What a host function may use until it returns. */
  #lentGuests: GuestHandle[] = [];
  /** What the arguments that are being written give to the guest. */
  #given: GuestHandle[] = [];
  #added: number[] = [];
  #next: number;

  /**
   * @param outer What was made before the snapshot: the guest has it in each session anew.
   */
  constructor(
    private readonly classes: ResourceClasses,
    private readonly makeGuest: GuestResourceMaker,
    private readonly outer?: ResourceScope,
  ) {
    this.#next = outer === undefined ? 1 : outer.#next;
  }

  lower(type: HandleType, value: unknown): number | undefined {
    return type.resource.imported ? this.#lowerHost(type, value) : this.#lowerGuest(type, value);
  }

  lift(type: HandleType, handle: number): unknown {
    return type.resource.imported ? this.#liftHost(type, handle) : this.#liftGuest(type, handle);
  }

  /** The guest dropped a resource of the host's. */
  drop(resource: WorldResource, representation: number): void {
    const found = this.#find(representation);
    if (found === undefined || found.resource !== resource) throw unknown(resource, representation);
    // What was there before the snapshot will be there again.
    if (this.#hosts.delete(representation)) dispose(found.object);
  }

  /** The arguments were written: what they give is given. */
  commit(): void {
    if (this.#given.length > 0) this.#given = [];
    if (this.#added.length > 0) this.#added = [];
  }

  /** The arguments were not written, so they gave nothing. */
  cancel(): void {
    for (const guest of this.#given) guest.live = true;
    for (const representation of this.#added) this.#hosts.delete(representation);
    this.commit();
  }

  /** Ends what was lent to the guest for a call. */
  endCall(): void {
    if (this.#lent.length === 0) return;
    for (const representation of this.#lent) this.#hosts.delete(representation);
    this.#lent = [];
  }

  /** Ends what was lent to a host function. */
  endHostCall(): void {
    if (this.#lentGuests.length === 0) return;
    for (const guest of this.#lentGuests) guest.live = false;
    this.#lentGuests = [];
  }

  /** The session is over: the guest has nothing any more, and nothing of the guest is left. */
  end(): void {
    this.live = false;
    this.endCall();
    this.endHostCall();
    const objects = [...this.#hosts.values()];
    this.#hosts.clear();
    let failure: { error: unknown } | undefined;
    for (const { object } of objects) {
      try {
        dispose(object);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  #find(representation: number): HostResource | undefined {
    const own = this.#hosts.get(representation);
    return own !== undefined || this.outer === undefined ? own : this.outer.#find(representation);
  }

  #lowerHost(type: HandleType, value: unknown): number | undefined {
    const expected = this.classes.get(type.resource);
    if (expected === undefined || !(value instanceof expected)) return undefined;
    if (type.kind === "own") {
      for (const held of this.#hosts.values()) {
        if (held.object === value) {
          throw new TwinwallError("E_TYPE", `the guest has this ${type.resource.name} already`);
        }
      }
    }
    if (this.#hosts.size >= MOST_RESOURCES) {
      throw new TwinwallError(
        "E_LIMIT",
        `the guest holds ${MOST_RESOURCES} resources of the host's, the most it may`,
      );
    }
    const representation = this.#next;
    this.#next += 1;
    this.#hosts.set(representation, { object: value, resource: type.resource });
    this.#added.push(representation);
    if (type.kind === "borrow") this.#lent.push(representation);
    return representation;
  }

  #liftHost(type: HandleType, representation: number): object {
    const found = this.#find(representation);
    if (found === undefined || found.resource !== type.resource) throw unknown(type.resource, representation);
    if (type.kind === "own") this.#hosts.delete(representation);
    return found.object;
  }

  #lowerGuest(type: HandleType, value: unknown): number | undefined {
    if (!isGuestResource(value)) return undefined;
    const guest = value[GUEST];
    if (guest.resource !== type.resource) return undefined;
    checkLive(guest, this);
    if (type.kind === "own") {
      if (!guest.owned) throw new TwinwallError("E_TYPE", `this ${type.resource.name} is only lent`);
      guest.live = false;
      this.#given.push(guest);
    }
    return guest.handle;
  }

  #liftGuest(type: HandleType, handle: number): GuestResource {
    const made = this.makeGuest(type, handle, this);
    if (type.kind === "borrow") this.#lentGuests.push(made[GUEST]);
    return made;
  }
}

/**
 * Checks that a resource of the guest's may be used.
 *
 * @throws TwinwallError `E_DISPOSED`.
 */
export function checkLive(guest: GuestHandle, scope: ResourceScope | undefined): void {
  if (guest.live && guest.scope.live && (scope === undefined || guest.scope === scope)) return;
  const why =
    guest.live && !guest.scope.live ? "its session is over" : "it was dropped, given back or only lent";
  const other = guest.live && guest.scope.live ? "it belongs to another session" : why;
  throw new TwinwallError("E_DISPOSED", `resource ${showName(guest.resource.name)}: ${other}`);
}

function unknown(resource: WorldResource, representation: number): TwinwallError {
  return new TwinwallError(
    "E_BAD_REPLY",
    `the guest named ${showName(resource.name)} number ${representation}, which it does not have`,
  );
}

/** Lets an object of the host's go, as `using` would. */
function dispose(object: object): void {
  const release: unknown = Reflect.get(object, Symbol.dispose);
  if (typeof release !== "function") return;
  try {
    release.call(object);
  } catch (error) {
    const text = error instanceof Error ? error.message : show(error);
    throw new TwinwallError("E_HOST_FUNCTION", `[Symbol.dispose] of a resource failed: ${text}`, {
      cause: error,
    });
  }
}

import { camelCase, pascalCase, type World, type WorldFunction, type WorldResource } from "@twinwall/abi";
import { resourcePart } from "./names.js";
import {
  checkLive,
  GUEST,
  type GuestHandle,
  type GuestResource,
  type GuestResourceMaker,
  type ResourceScope,
} from "./resources.js";

/** Calls back into the sandbox that a resource belongs to. */
export interface GuestCaller {
  /** Calls a method in the session that the resource belongs to. */
  callMethod(scope: ResourceScope, declared: WorldFunction, values: readonly unknown[]): unknown;
  /** Lets the guest drop a resource. */
  dropResource(scope: ResourceScope, handle: number): void;
}

/**
 * Makes what makes the objects that stand for a component's own resources: an object with the methods that WIT declares,
 * under their JavaScript names, and `[Symbol.dispose]()`.
 */
export function guestResourceMaker(world: World, caller: () => GuestCaller): GuestResourceMaker {
  const prototypes = new Map<WorldResource, object>();
  return ({ kind, resource }, handle, scope) => {
    let prototype = prototypes.get(resource);
    if (prototype === undefined) {
      prototype = makePrototype(world, resource, caller);
      prototypes.set(resource, prototype);
    }
    const guest: GuestHandle = { resource, handle, scope, live: true, owned: kind === "own" };
    return Object.defineProperty(Object.create(prototype), GUEST, { value: guest }) as GuestResource;
  };
}

function makePrototype(world: World, resource: WorldResource, caller: () => GuestCaller): object {
  const prototype: Record<string | symbol, unknown> = {};
  for (const declared of world.exports) {
    const part = resourcePart(declared.name);
    const isOfIt = part?.resource === resource.name && declared.interfaceName === resource.interfaceName;
    if (part?.kind !== "method" || !isOfIt) continue;
    prototype[camelCase(part.member)] = function (this: GuestResource, ...values: unknown[]): unknown {
      const guest = this[GUEST];
      checkLive(guest, undefined);
      return caller().callMethod(guest.scope, declared, [this, ...values]);
    };
  }
  prototype[Symbol.dispose] = function (this: GuestResource): void {
    const guest = this[GUEST];
    // As often as one likes; and what is only lent, or gone with its session, needs no drop.
    if (!guest.live || !guest.scope.live || !guest.owned) return;
    caller().dropResource(guest.scope, guest.handle);
    guest.live = false;
  };
  Object.defineProperty(prototype, Symbol.toStringTag, { value: pascalCase(resource.name) });
  return prototype;
}

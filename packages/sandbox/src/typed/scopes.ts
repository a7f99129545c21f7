import type { World } from "@twinwall/abi";
import { type GuestCaller, guestResourceMaker } from "./guest-resource.js";
import { type ResourceClasses, ResourceScope } from "./resources.js";
import type { CurrentScope } from "./typed-host-function.js";

/** The resources of a sandbox: of its boot, and of the session or call that goes on. */
export class Scopes implements CurrentScope {
  /** Those of whatever runs now. */
  scope: ResourceScope;
  readonly #boot: ResourceScope;
  /** Whether the world has resources at all: most have none, and then nothing is kept. */
  readonly #any: boolean;
  #caller: GuestCaller | undefined;

  /**
   * @param booted Of the machine that booted, where this one starts from its snapshot: what that gave to the guest is there.
   */
  constructor(
    world: World,
    private readonly classes: ResourceClasses,
    booted?: Scopes,
  ) {
    this.#any = world.resources.length > 0;
    this.makeGuest = guestResourceMaker(world, () => {
      if (this.#caller === undefined) throw new Error("the sandbox is not made yet");
      return this.#caller;
    });
    this.#boot = booted === undefined ? new ResourceScope(classes, this.makeGuest) : booted.#boot;
    this.scope = this.#boot;
  }

  private readonly makeGuest: ReturnType<typeof guestResourceMaker>;

  /** Through whom the objects that stand for the guest's resources call it. */
  set caller(caller: GuestCaller) {
    this.#caller = caller;
  }

  /** Begins a session, or a call of its own. */
  begin(): void {
    if (this.#any) this.scope = new ResourceScope(this.classes, this.makeGuest, this.#boot);
  }

  /**
   * Ends it.
   *
   * @throws TwinwallError `E_HOST_FUNCTION` when a resource of the host's cannot be let go.
   */
  end(): void {
    const { scope } = this;
    this.scope = this.#boot;
    if (scope !== this.#boot) scope.end();
  }
}

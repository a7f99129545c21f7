import { CallKind, showName, TwinwallError, type WorldFunction } from "@twinwall/abi";
import type { FunctionTable, TargetFunction } from "../functions.js";
import type { GuestCaller } from "./guest-resource.js";
import { fullName } from "./names.js";
import type { ResourceScope } from "./resources.js";
import type { Scopes } from "./scopes.js";
import { GuestResultError, type TypedFunction } from "./typed-function.js";

/** How a call gets into the guest. */
export interface TypedEntry {
  /** One call; returns the length of its output. */
  enterTyped(owner: object, kind: CallKind, target: TargetFunction, input: Uint8Array): number;
  /** The buffer that holds the output of so many bytes, until the next call. */
  outputOf(length: number): Uint8Array;
  /** The same on a thread of its own. */
  enterTypedAsync(
    owner: object,
    target: TargetFunction,
    input: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array>;
  /** Refuses whoever may not call now. */
  checkOwner(owner: object): void;
  /** Ends a session whose guest does not keep to the rules. */
  abandon(owner: object, error: TwinwallError): void;
}

/** Typed calls of a component. */
export class TypedCalls implements GuestCaller {
  /** Whose the session is. */
  #sessionOwner: object | undefined;

  constructor(
    private readonly root: object,
    private readonly entry: TypedEntry,
    private readonly functions: FunctionTable,
    private readonly scopes: Scopes,
  ) {
    scopes.caller = this;
  }

  /** A session begins. */
  open(owner: object): void {
    this.#sessionOwner = owner;
    this.scopes.begin();
  }

  /** The session is over. */
  end(): void {
    this.#sessionOwner = undefined;
    this.scopes.end();
  }

  call(owner: object, target: TargetFunction, typed: TypedFunction, values: readonly unknown[]): unknown {
    const scope = this.#begin(owner, typed);
    try {
      const input = this.#write(owner, typed, values, scope);
      const length = this.entry.enterTyped(owner, CallKind.Typed, target, input);
      return this.#read(owner, typed, this.entry.outputOf(length), length, scope);
    } finally {
      this.#finish(owner, scope);
    }
  }

  async callAsync(
    owner: object,
    target: TargetFunction,
    typed: TypedFunction,
    values: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const scope = this.#begin(owner, typed);
    try {
      const input = this.#write(owner, typed, values, scope);
      const frame = await this.entry.enterTypedAsync(owner, target, input, signal);
      return this.#read(owner, typed, frame, frame.length, scope);
    } finally {
      this.#finish(owner, scope);
    }
  }

  callMethod(scope: ResourceScope, declared: WorldFunction, values: readonly unknown[]): unknown {
    const owner = this.#ownerOf(scope);
    const target = this.functions.get(fullName(declared));
    if (target?.typed === undefined)
      throw new TwinwallError("E_NO_FUNCTION", `no method ${showName(declared.name)}`);
    return this.call(owner, target, target.typed, values);
  }

  dropResource(scope: ResourceScope, handle: number): void {
    const owner = this.#ownerOf(scope);
    this.entry.checkOwner(owner);
    const [target] = this.functions.list().map(({ name }) => this.functions.get(name));
    if (target === undefined) return;
    const input = new Uint8Array(4);
    new DataView(input.buffer).setUint32(0, handle, true);
    this.entry.enterTyped(owner, CallKind.DropResources, target, input);
  }

  #ownerOf(scope: ResourceScope): object {
    if (this.#sessionOwner !== undefined && this.scopes.scope === scope) return this.#sessionOwner;
    throw new TwinwallError("E_DISPOSED", "the session that the resource belongs to is over");
  }

  /** Checks who calls, before anything of the caller's runs. */
  #begin(owner: object, typed: TypedFunction): ResourceScope {
    this.entry.checkOwner(owner);
    if (owner === this.root) {
      if (typed.returnsResource) {
        const text = `${typed.fullName} returns a resource, which lives in a session: call it through one`;
        throw new TwinwallError("E_TYPE", text);
      }
      this.scopes.begin();
    }
    return this.scopes.scope;
  }

  #write(owner: object, typed: TypedFunction, values: readonly unknown[], scope: ResourceScope): Uint8Array {
    try {
      const input = typed.parameters.encode(values, scope);
      // Getters of the values have run.
      this.entry.checkOwner(owner);
      scope.commit();
      return input;
    } catch (error) {
      scope.cancel();
      throw error;
    }
  }

  #read(
    owner: object,
    typed: TypedFunction,
    frame: Uint8Array,
    length: number,
    scope: ResourceScope,
  ): unknown {
    let reply: unknown;
    try {
      reply = typed.readResult(frame, length, scope);
    } catch (error) {
      if (error instanceof TwinwallError) this.entry.abandon(owner, error);
      throw error;
    }
    if (reply instanceof GuestResultError) throw reply.error;
    return reply;
  }

  #finish(owner: object, scope: ResourceScope): void {
    scope.endCall();
    if (owner === this.root) this.scopes.end();
  }
}

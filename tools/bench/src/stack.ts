/** Closes what it was given, last first, as `AsyncDisposableStack` does where Node has it. */
export class ClosingStack implements Disposable {
  readonly #resources: Disposable[] = [];

  use<Resource extends Disposable>(resource: Resource): Resource {
    this.#resources.push(resource);
    return resource;
  }

  [Symbol.dispose](): void {
    for (const resource of this.#resources.splice(0).reverse()) resource[Symbol.dispose]();
  }
}

// Written by `twinwall bindgen`; changes will be lost.

export type Color = "red" | "green";

export interface Rights {
  canRead?: boolean;
  canWrite?: boolean;
}

export type Shape = { tag: "dot"; val?: undefined } | { tag: "line"; val: number } | { tag: "text"; val: string };

export interface Item {
  id: number;
  name: string;
  tags: Array<string>;
  note?: string | undefined;
  big: bigint;
  color: Color;
  rights: Rights;
  shape: Shape;
}

export interface Logger {
  log(text: string): number | PromiseLike<number>;
  [Symbol.dispose]?(): void;
}

export interface Counter {
  add(amount: number): number;
  [Symbol.dispose](): void;
}

/** The world docs:calc/calc@0.1.0, for Sandbox.create. */
export interface Calc {
  exports: {
    twice(text: string): string;
    "docs:calc/ops@0.1.0#add"(a: number, b: number): number;
    "docs:calc/ops@0.1.0#echo-items"(items: Array<Item>): Array<Item>;
    "docs:calc/ops@0.1.0#numbers"(values: Float64Array): Float64Array;
    /** @throws with the payload string */
    "docs:calc/ops@0.1.0#divide"(a: number, b: number): number;
    "docs:calc/ops@0.1.0#tell"(text: string): number;
    /** @throws with the payload string */
    "docs:calc/ops@0.1.0#relay"(text: string): number;
    "docs:calc/ops@0.1.0#make-logger"(text: string): number;
    "docs:calc/ops@0.1.0#borrow-logger"(to: Logger, text: string): number;
    "docs:calc/ops@0.1.0#keep-logger"(to: Logger): void;
    "docs:calc/ops@0.1.0#give-back"(): Logger;
    "docs:calc/ops@0.1.0#bad-text"(pointer: number, length: number): string;
    "docs:calc/ops@0.1.0#[constructor]counter"(start: number): Counter;
    "docs:calc/ops@0.1.0#[method]counter.add"(self: Counter, amount: number): number;
    "docs:calc/ops@0.1.0#[static]counter.take"(other: Counter): number;
    "docs:calc/ops@0.1.0#dropped"(): number;
  };
  imports: {
    "docs:calc/log@0.1.0": {
      write(text: string): void | PromiseLike<void>;
      /** @throws with the payload string */
      ask(text: string): number | PromiseLike<number>;
      Logger: {
        new (prefix: string): Logger;
      };
    };
    now(): bigint | PromiseLike<bigint>;
  };
}

// The world `guest` in AssemblyScript; `twinwall bindgen shapes.wit --guest assemblyscript` writes the folder `bindings`.

import { host, Item, Option, Result, Tuple2 } from "./bindings/world";

export namespace shapes {
  export function add(a: u32, b: u32): u32 {
    return a + b;
  }

  export function echo(items: Array<Item>): Array<Item> {
    return items;
  }

  export function sum(numbers: Float64Array): f64 {
    let sum: f64 = 0;
    for (let index = 0; index < numbers.length; index++) sum += numbers[index];
    return sum;
  }

  export function pair(value: Tuple2<i64, string>): Tuple2<string, i64> {
    return new Tuple2(value.item1, value.item0);
  }

  export function nested(value: Option<Option<u32>>): Option<Option<u32>> {
    return value;
  }

  export function divide(a: i32, b: i32): Result<i32, string> {
    if (b == 0) return Result.error<i32, string>("division by zero");
    return Result.ok<i32, string>(b == -1 ? -a : a / b);
  }

  export function find(key: string): Result<u32, string> {
    return host.lookup(key);
  }

  export function say(message: string): void {
    host.log(message);
  }

  export class Counter {
    constructor(private value: u32) {}

    add(amount: u32): u32 {
      this.value += amount;
      return this.value;
    }
  }
}

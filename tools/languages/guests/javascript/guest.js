import { log, lookup } from "twinwall:shapes/host@0.1.0";

class Counter {
  constructor(start) {
    this.value = start;
  }
  add(amount) {
    this.value += amount;
    return this.value;
  }
}
export const shapes = {
  Counter,
  add: (a, b) => (a + b) >>> 0,
  echo: (items) => items,
  sum: (numbers) => numbers.reduce((sum, one) => sum + one, 0),
  pair: ([number, text]) => [text, number],
  nested: (value) => value,
  divide(a, b) {
    if (b === 0) throw "division by zero";
    return Math.trunc(a / b);
  },
  find: (key) => lookup(key),
  say: (message) => log(message),
};

// Who is told of what happens, and the telling: in order, one at a time, and whatever a callback does or throws.
//
// What a callback causes is queued, not told at once, so that everybody hears of all in the order in which it happened. Who subscribes
// during a telling hears of later things only; who unsubscribes hears nothing more, not even what is queued.

import { report } from "./world.js";

type Callback<T> = (argument: T) => void;

/** The functions that are subscribed to one kind of news. */
export class Callbacks<T> {
  readonly #subscribed = new Set<{ callback: Callback<T> }>();
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  get isEmpty(): boolean {
    return this.#subscribed.size === 0;
  }

  /** Returns the function that unsubscribes it, which may be called any number of times. */
  subscribe(callback: Callback<T>): () => void {
    const subscription = { callback };
    this.#subscribed.add(subscription);
    return () => void this.#subscribed.delete(subscription);
  }

  /** Notes news for those who are subscribed now. Each gets an object of its own: what one does to it is no concern of the next. */
  enqueue(news: () => T): void {
    for (const subscription of this.#subscribed) {
      this.#queue.add(() => {
        if (this.#subscribed.has(subscription)) subscription.callback(news());
      });
    }
  }

  clear(): void {
    this.#subscribed.clear();
  }
}

/** After so many told calls their places are given back. */
const toldMax = 1024;

/** What is to be told. */
export class Queue {
  readonly #calls: (() => void)[] = [];
  /** How many of them are told: to take each off the front would cost as much as all that follow. */
  #told = 0;
  #isTelling = false;

  add(call: () => void): void {
    this.#calls.push(call);
  }

  /** Tells all that is noted. In a callback it does nothing: whoever is telling already goes on with it. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let call = this.#calls[0]; call; call = this.#calls[this.#told]) {
      this.#told += 1;
      if (this.#told > toldMax && 2 * this.#told > this.#calls.length) {
        this.#calls.splice(0, this.#told);
        this.#told = 0;
      }
      report(call);
    }
    this.clear();
    this.#isTelling = false;
  }

  clear(): void {
    this.#calls.length = 0;
    this.#told = 0;
  }
}

/** The real time for a medium. One queue, so that what falls due together is done in the order in which it was asked for. */
import type { Clock } from "./medium";

interface Task {
  readonly dueMs: number;
  readonly task: () => void;
}

export class RealClock implements Clock {
  #tasks: Task[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  nowMs(): number {
    return performance.now();
  }

  after(delayMs: number, task: () => void): void {
    const dueMs = this.nowMs() + Math.max(0, delayMs);
    const place = this.#tasks.findLastIndex((other) => other.dueMs <= dueMs);
    this.#tasks.splice(place + 1, 0, { dueMs, task });
    if (place >= 0) return;
    clearTimeout(this.#timer);
    // A hidden page's timers are slow: what is due now does not need one.
    if (delayMs <= 0) queueMicrotask(() => this.#run());
    else this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#tasks = [];
  }

  #run(): void {
    clearTimeout(this.#timer);
    for (let next = this.#tasks[0]; next !== undefined && next.dueMs <= this.nowMs(); next = this.#tasks[0]) {
      this.#tasks.shift();
      next.task();
    }
    const next = this.#tasks[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.#run(), next.dueMs - this.nowMs());
  }
}

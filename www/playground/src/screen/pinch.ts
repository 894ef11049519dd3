/** Two fingers on the picture: as they part, one looks closer at what is between them, and it goes where they go. */
export interface Pinched {
  /** Less than 1 looks closer. */
  readonly factor: number;
  /** Where the middle between them is, and how far it went. */
  readonly at: number;
  readonly by: number;
}

/** Nearer than this, fingers tell nothing of how far they part. */
const APART_MIN = 16;

export class Pinch {
  /** Where each finger is, by the number of its pointer. */
  readonly #fingers = new Map<number, number>();

  get isOn(): boolean {
    return this.#fingers.size > 1;
  }

  begin(pointer: number, x: number): void {
    if (!this.isOn) this.#fingers.set(pointer, x);
  }

  end(pointer: number): void {
    this.#fingers.delete(pointer);
  }

  /** `null` if it is no finger of two. */
  move(pointer: number, x: number): Pinched | null {
    if (!this.#fingers.has(pointer)) return null;
    const before = this.#measure();
    this.#fingers.set(pointer, x);
    if (!this.isOn) return null;
    const now = this.#measure();
    return { factor: before.apart / now.apart, at: now.middle, by: now.middle - before.middle };
  }

  #measure(): { apart: number; middle: number } {
    const [one = 0, other = one] = this.#fingers.values();
    return { apart: Math.max(APART_MIN, Math.abs(one - other)), middle: (one + other) / 2 };
  }
}

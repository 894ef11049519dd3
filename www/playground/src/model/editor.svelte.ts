/**
 * What is being edited at one replica: the typed text, the selection, and what is to be said about the last operation.
 * The form, the band and the table all act through here, so that each of them does the same and says the same.
 */
import type { KeyRange, Registration } from "crdt-range-map";
import { perform, problemsOf, readCommand, type Command, type Input, type Operation, type Problems } from "./command";
import type { KeyFormat } from "./keys";
import { sameRegistration, type RegistrationName } from "./ranges";
import type { Replica } from "./replica.svelte";

/** What the last operation did, in words. */
export interface Note {
  /** The registration it was done to; `null`: none. */
  readonly about: RegistrationName | null;
  readonly words: string;
}

export class Editor {
  readonly #replica: Replica;
  readonly #format: KeyFormat;

  node = $state("");
  start = $state("");
  end = $state("");
  noEnd = $state(false);
  amount = $state("1");
  note = $state.raw<Note | null>(null);
  /** The last operation that the fields did not allow. Its problems are looked at again at each keystroke. */
  #refused = $state.raw<Operation | null>(null);
  #thrown = $state.raw<Problems>({});
  #selected = $state.raw<RegistrationName | null>(null);

  /** The selected registration as it is now; `null` if none is, or if it was released. */
  readonly selected: Registration | null = $derived.by(() => {
    const selected = this.#selected;
    if (selected === null) return null;
    return (
      this.#replica.snapshot.registrations.find((registration) => sameRegistration(registration, selected)) ?? null
    );
  });

  /** What was selected last, though it may be gone: one goes on from there. */
  get lastSelected(): RegistrationName | null {
    return this.#selected;
  }

  readonly problems: Problems = $derived.by(() => {
    if (this.#refused === null) return this.#thrown;
    const read = readCommand(this.#input, this.#refused, this.#format, this.selected);
    return "problems" in read ? read.problems : {};
  });

  readonly #input: Input = $derived({
    node: this.node,
    start: this.start,
    end: this.end,
    noEnd: this.noEnd,
    amount: this.amount,
  });

  constructor(replica: Replica, format: KeyFormat, first: Pick<Input, "node" | "start" | "end">) {
    this.#replica = replica;
    this.#format = format;
    this.node = first.node;
    this.start = first.start;
    this.end = first.end;
  }

  /** The fields' operation. False if the fields do not allow it: `problems` then says why. */
  submit(operation: Operation): boolean {
    const read = readCommand(this.#input, operation, this.#format, this.selected);
    if ("problems" in read) {
      this.#refused = operation;
      this.note = null;
      return false;
    }
    return this.#run(operation, read.command);
  }

  register(node: string, range: KeyRange): void {
    if (this.#run("register", { node, range, amount: 1 })) this.#choose({ node, ...range });
  }

  /** Acts on the selection, or on a registration given by its row. */
  change(operation: "release" | "increase" | "decrease", on: RegistrationName | null = this.selected): void {
    if (on === null) this.note = { about: null, words: "Nothing is selected." };
    else this.#run(operation, { node: on.node, range: { start: on.start, end: on.end }, amount: 1 });
  }

  tightenSelection(range: KeyRange): void {
    const selected = this.selected;
    if (selected !== null) this.#run("tighten", { node: selected.node, range, amount: 1 });
  }

  select(registration: RegistrationName | null): void {
    this.note = null;
    this.#choose(registration);
  }

  /** Selects, and leaves what was said about the last operation. */
  #choose(registration: RegistrationName | null): void {
    this.#selected = registration;
    this.#forgive();
    if (registration === null) return;
    this.node = registration.node;
    this.start = this.#format.format(registration.start);
    this.noEnd = registration.end === null;
    if (registration.end !== null) this.end = this.#format.format(registration.end);
  }

  #run(operation: Operation, command: Command): boolean {
    this.#forgive();
    try {
      const words = perform(this.#replica.map, operation, command, this.selected);
      this.note = { about: { node: command.node, ...command.range }, words };
    } catch (error) {
      this.#thrown = problemsOf(error);
      this.note = null;
      return false;
    }
    // At once, so that what stays selected is never missing in between, and the focus not lost with it.
    this.#replica.read();
    if (operation === "tighten") this.#choose({ node: command.node, ...command.range });
    return true;
  }

  #forgive(): void {
    this.#refused = null;
    this.#thrown = {};
  }
}

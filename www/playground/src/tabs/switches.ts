/**
 * Which links are cut, as all tabs have it: each link is a switch that anybody may turn. Whoever turns it counts one further than what it
 * has heard, the greater count holds, and of equal ones the cut: so tabs that have heard the same agree, in whatever order they heard it.
 */
import type { Pair } from "../world/input";
import { placeOf } from "../world/network";
import { TURNS_MAX, type Switch } from "./envelope";

export class Switches {
  readonly #known = new Map<number, Switch>();

  get all(): Switch[] {
    return [...this.#known.values()];
  }

  isCut(between: Pair): boolean {
    return this.#known.get(placeOf(between))?.isCut ?? false;
  }

  turn(between: Pair, isCut: boolean): Switch {
    const turns = Math.min(TURNS_MAX, (this.#known.get(placeOf(between))?.turns ?? 0) + 1);
    const turned = { between, turns, isCut };
    this.#known.set(placeOf(between), turned);
    return turned;
  }

  hear(said: Switch): void {
    const { turns, isCut } = this.#known.get(placeOf(said.between)) ?? { turns: 0, isCut: false };
    const isLater = said.turns > turns || (said.turns === turns && said.isCut && !isCut);
    if (isLater) this.#known.set(placeOf(said.between), said);
  }
}

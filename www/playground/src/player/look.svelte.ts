/** What is looked at, whatever happens there: the keys in view, the one that is asked for, and a registration that is taken. */
import { blockOf, revealBlock, viewOf, zoomBlock } from "../model/blocks";
import { decimalKeys, ipv4Keys, type KeyFormat } from "../model/keys";
import { clamp, isWhole, pan, reveal, wholeSpace, zoom, type Viewport } from "../model/viewport";
import type { Registration } from "../picture/scene";
import type { Selection } from "./selection";

export class Look {
  /** One past the last key. */
  limit = $state(1000);
  viewport = $state.raw<Viewport>(wholeSpace(1000));
  cursor = $state(420);
  format = $state.raw<KeyFormat>(decimalKeys(1000));
  /** Whether keys are addresses, which can be shown as a map. */
  areAddresses = $state(false);
  /** Whether they are shown as a map, and not as rows. */
  isMap = $state(false);
  selection = $state.raw<Selection | null>(null);

  lookAt(limit: number, cursor: number, areAddresses: boolean): void {
    this.limit = limit;
    this.viewport = wholeSpace(limit);
    this.areAddresses = areAddresses;
    this.isMap = areAddresses;
    this.format = areAddresses ? ipv4Keys : decimalKeys(limit);
    this.cursor = cursor;
  }

  /** The same keys in another shape; a map shows the block that they lie in. Only addresses have a map. */
  showAs(shape: "map" | "rows"): void {
    this.isMap = this.areAddresses && shape === "map";
    if (this.isMap) this.viewport = viewOf(blockOf(this.viewport));
  }

  get keyText(): string {
    return this.format.format(BigInt(this.cursor));
  }

  /** Less than 1 looks closer; the key `at` keeps its place. */
  zoom(factor: number, at = this.cursor): void {
    const { viewport, limit } = this;
    this.viewport = this.isMap ? zoomBlock(viewport, factor, at) : zoom(viewport, limit, factor, at);
  }

  pan(keys: number): void {
    this.viewport = pan(this.viewport, this.limit, keys);
  }

  get isWhole(): boolean {
    return isWhole(this.viewport, this.limit);
  }

  /** Asks for another key, and brings it into view. */
  ask(key: number): void {
    this.cursor = clamp(key, 0, this.limit - 1);
    const { viewport, limit, cursor } = this;
    this.viewport = this.isMap ? revealBlock(viewport, cursor) : reveal(viewport, limit, cursor, cursor + 1);
  }

  select(row: number, registration: Registration): void {
    this.selection = { row, registration };
  }

  deselect(): void {
    this.selection = null;
  }
}

/**
 * What a pointer on a band means: dragging on free lane ground draws a range, dragging elsewhere pans, two fingers zoom,
 * a click selects a registration or looks a key up. Knows where things are from the scene, and tells its host.
 */
import type { Lane } from "../../model/lanes";
import { itemAt } from "../../model/marks";
import type { RegistrationName } from "../../model/ranges";
import { span, toKey } from "../../model/viewport";
import { placeAt } from "./geometry";
import type { Draft, Scene } from "./scene";

export interface GestureHost {
  scene(): Scene;
  /** The node that a range drawn in this lane is for; `null` if none can be told. */
  nodeFor(lane: Lane): string | null;
  draft(draft: Draft | null): void;
  register(draft: Draft): void;
  select(registration: RegistrationName | null): void;
  lookUp(key: number): void;
  panBy(keys: number): void;
  zoomAt(key: number, factor: number): void;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

type Gesture =
  | { readonly kind: "press"; readonly from: Point; readonly click: () => void }
  | { readonly kind: "draw"; readonly from: Point; readonly node: string; readonly lane: number; draft: Draft | null }
  | { readonly kind: "pan" };

/** A pointer that moved less than this has not been dragged. */
const DRAG_PX = 4;
/** A pointer this near to a bar means it. */
const NEAR_PX = 3;

export class Gestures {
  readonly #host: GestureHost;
  readonly #pointers = new Map<number, Point>();
  #gesture: Gesture | null = null;

  constructor(host: GestureHost) {
    this.#host = host;
  }

  get isActive(): boolean {
    return this.#gesture !== null;
  }

  down(pointer: number, at: Point): void {
    this.#pointers.set(pointer, at);
    if (this.#pointers.size > 1) this.#abandon();
    else this.#gesture = this.#begin(at);
  }

  move(pointer: number, at: Point): void {
    const before = this.#pointers.get(pointer);
    if (before === undefined) return;
    this.#pointers.set(pointer, at);
    if (this.#pointers.size === 2) return this.#pinch(pointer, before, at);
    const gesture = this.#gesture;
    if (gesture === null) return;
    if (gesture.kind === "draw") this.#draw(gesture, at);
    else if (gesture.kind === "pan") this.#pan(before, at);
    else if (isDrag(gesture.from, at)) {
      this.#gesture = { kind: "pan" };
      this.#pan(gesture.from, at);
    }
  }

  up(pointer: number): void {
    if (!this.#pointers.delete(pointer)) return;
    const gesture = this.#gesture;
    this.#gesture = null;
    this.#host.draft(null);
    if (gesture?.kind === "press") gesture.click();
    if (gesture?.kind !== "draw") return;
    if (gesture.draft === null) this.#host.select(null);
    else this.#host.register(gesture.draft);
  }

  cancel(pointer: number): void {
    this.#pointers.delete(pointer);
    this.#abandon();
  }

  #abandon(): void {
    this.#gesture = null;
    this.#host.draft(null);
  }

  #begin(from: Point): Gesture | null {
    const scene = this.#host.scene();
    const place = placeAt(scene.geometry, from.y);
    if (place.part !== "lane") {
      return { kind: "press", from, click: place.part === "splits" ? () => this.#lookUp(from) : () => undefined };
    }
    const lane = scene.lanes[place.lane];
    if (lane === undefined) return null;
    const bar = barAt(scene, lane, from.x);
    if (bar !== undefined) return { kind: "press", from, click: () => this.#host.select(bar.registration) };
    const node = this.#host.nodeFor(lane);
    return node === null ? null : { kind: "draw", from, node, lane: place.lane, draft: null };
  }

  #draw(gesture: Gesture & { kind: "draw" }, at: Point): void {
    if (gesture.draft === null && !isDrag(gesture.from, at)) return;
    const scene = this.#host.scene();
    const [start, end] = [gesture.from.x, at.x].map((x) => snappedKey(scene, x)).sort((a, b) => a - b);
    gesture.draft =
      start === undefined || end === undefined || start === end
        ? null
        : { node: gesture.node, lane: gesture.lane, start, end };
    this.#host.draft(gesture.draft);
  }

  #pan(before: Point, at: Point): void {
    const scene = this.#host.scene();
    this.#host.panBy(((before.x - at.x) / scene.geometry.plot) * span(scene.view));
  }

  #pinch(pointer: number, before: Point, at: Point): void {
    const still = [...this.#pointers].find(([id]) => id !== pointer)?.[1];
    if (still === undefined) return;
    const distance = Math.max(8, Math.abs(at.x - still.x));
    const scene = this.#host.scene();
    this.#host.zoomAt(keyAt(scene, still.x), Math.max(8, Math.abs(before.x - still.x)) / distance);
  }

  #lookUp(at: Point): void {
    const scene = this.#host.scene();
    this.#host.lookUp(Math.min(Math.floor(keyAt(scene, at.x)), scene.format.limit - 1));
  }
}

export function keyAt(scene: Scene, x: number): number {
  return toKey(scene.view, scene.geometry.plot, x - scene.geometry.gutter);
}

export function keysPerPixel(scene: Scene): number {
  return span(scene.view) / scene.geometry.plot;
}

export function snappedKey(scene: Scene, x: number): number {
  return scene.format.snap(keyAt(scene, x), keysPerPixel(scene));
}

export function barAt(scene: Scene, lane: Lane, x: number) {
  return itemAt(lane.bars, keyAt(scene, x), keysPerPixel(scene) * NEAR_PX);
}

function isDrag(from: Point, to: Point): boolean {
  return Math.hypot(to.x - from.x, to.y - from.y) >= DRAG_PX;
}

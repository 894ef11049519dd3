import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Mark } from "../picture/mark";
import { numberBelow } from "../world/random";
import { showMarks } from "./show-marks";

/** As much of an element as is needed here. */
class FakeElement {
  readonly children: FakeElement[] = [];
  readonly attributes = new Map<string, string>();
  parent: FakeElement | null = null;
  textContent = "";

  constructor(readonly shape: string) {}

  get childElementCount() {
    return this.children.length;
  }
  get firstElementChild(): FakeElement | null {
    return this.children[0] ?? null;
  }
  get lastElementChild(): FakeElement | null {
    return this.children.at(-1) ?? null;
  }
  get nextElementSibling(): FakeElement | null {
    const siblings = this.parent?.children ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }
  append(child: FakeElement) {
    child.parent = this;
    this.children.push(child);
  }
  remove() {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }
  replaceWith(other: FakeElement) {
    other.parent = this.parent;
    this.parent?.children.splice(this.parent.children.indexOf(this), 1, other);
    this.parent = null;
  }
  setAttribute(name: string, value: string) {
    this.attributes.set(name, value);
    touched++;
  }
  removeAttribute(name: string) {
    this.attributes.delete(name);
    touched++;
  }
}

let touched = 0;

beforeAll(
  () => void vi.stubGlobal("document", { createElementNS: (_: string, shape: string) => new FakeElement(shape) }),
);
afterAll(() => void vi.unstubAllGlobals());

function emptyGroup(): { group: SVGGElement; children: FakeElement[] } {
  const group = new FakeElement("g");
  return { group: group as unknown as SVGGElement, children: group.children };
}

function sample(seed: number): Mark[] {
  const below = (most: number, ...what: number[]) => numberBelow(most, seed, ...what);
  return Array.from({ length: below(5, 0) }, (_, place): Mark => {
    const attributes = Object.fromEntries(
      ["x", "y", "class"]
        .filter((_, name) => below(3, place, name, 1) > 0)
        .map((name, at) => [name, below(2, place, at, 2)]),
    );
    const shape = (["rect", "text", "line"] as const)[below(3, place, 3)] ?? "rect";
    return shape === "text" ? { shape, attributes, text: `${below(2, place, 4)}` } : { shape, attributes };
  });
}

test("whatever was shown before, what is shown are these marks", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const { group, children } = emptyGroup();
    let before: Mark[] = [];
    for (let step = 0; step < 4; step++) {
      const marks = sample(seed * 4 + step);
      showMarks(group, before, marks);
      const shown = children.map(({ shape, attributes, textContent }) => ({
        shape,
        attributes: Object.fromEntries(attributes),
        text: textContent,
      }));
      const wanted = marks.map(({ shape, attributes, text = "" }) => ({
        shape,
        attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, `${value}`])),
        text,
      }));
      expect(shown, `seed ${seed}, step ${step}`).toEqual(wanted);
      before = marks;
    }
  }
});

test("what has not changed is not touched", () => {
  const { group, children } = emptyGroup();
  const marks = (x: number): Mark[] => [
    { shape: "rect", attributes: { x: 1, y: 2, width: 3 } },
    { shape: "circle", attributes: { cx: x, cy: 5 } },
  ];
  showMarks(group, [], marks(1));
  const elements = [...children];
  touched = 0;
  showMarks(group, marks(1), marks(2));
  expect(touched).toBe(1);
  expect(children.every((element, place) => element === elements[place])).toBe(true);
});

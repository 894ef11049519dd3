import { expect, test } from "vitest";
import { decimalKeys } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { seeded } from "../model/random";
import type { Viewport } from "../model/viewport";
import { hitAt } from "./hit";
import { Registrations, Splits, type Columns } from "./ranges";
import { takenBarOf } from "./row";
import type { Registration, Row, Split, Stage } from "./scene";
import { paintOf, stillMarks } from "./stage";
import { summaryWords } from "./summary-words";

const NODES = ["oak", "maple", "elm", "birch"];
const KEYS_EACH = 100;

/** So many ranges, each on its hundred keys. */
function rangesOf(count: number): { registrations: Registration[]; splits: Split[] } {
  const random = seeded(count);
  const registrations = Array.from({ length: count }, (_, place) => {
    const start = place * KEYS_EACH + Math.floor(random() * 20);
    const node = NODES[Math.floor(random() * NODES.length)] ?? "";
    return { node, start, end: start + 20 + Math.floor(random() * 60), priority: 1 + Math.floor(random() * 9) };
  });
  const splits = registrations.map(({ start, end, node, priority }) => ({ start, end, owners: [{ node, priority }] }));
  return { registrations, splits };
}

/** Columns that count how often a number is read of them. */
function counting(columns: Columns, count: () => void): Columns {
  const counted = (column: Float64Array) =>
    new Proxy(column, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof name === "string" && /^\d+$/.test(name)) count();
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return { ...columns, starts: counted(columns.starts), ends: counted(columns.ends) };
}

function stageOf(count: number, view: Viewport, read: () => void = () => undefined): Stage {
  const { registrations, splits } = rangesOf(count);
  const row: Row = {
    replica: 0,
    name: "A",
    presence: "online",
    registrations: new Registrations(counting(Registrations.of(registrations).columns, read)),
    splits: new Splits(counting(Splits.of(splits).columns, read)),
  };
  const rows = [row, { ...row, replica: 1, name: "B" }, { ...row, replica: 2, name: "C" }];
  return { rows, frames: [], links: [], view, limit: count * KEYS_EACH, cursor: 0 };
}

function painted(stage: Stage) {
  const colors = new NodeColors();
  colors.note(NODES);
  const paint = paintOf(stage, 1280, 400, colors);
  return { paint, marks: stillMarks(stage, paint, decimalKeys(stage.limit)) };
}

const SIZES = [2_000, 4_000, 8_000, 16_000, 32_000];

test("what is drawn of all ranges is bounded by the pixels, however many they are", () => {
  for (const count of SIZES) {
    const { marks, paint } = painted(stageOf(count, { from: 0, to: count * KEYS_EACH }));
    expect(paint.summaries?.map((summary) => summary.count)).toEqual([count, count, count]);
    expect(marks.length, `${count} ranges`).toBeLessThan(100);
    const letters = marks.reduce((sum, { attributes }) => sum + String(attributes["d"] ?? "").length, 0);
    expect(letters, `${count} ranges`).toBeLessThan(3 * 1280 * 30);
  }
});

test("what is read for a window is bounded by the window, however many ranges there are", () => {
  for (const count of SIZES) {
    for (const shown of [100, 1_000]) {
      let reads = 0;
      const from = (count / 2) * KEYS_EACH;
      const stage = stageOf(count, { from, to: from + shown * KEYS_EACH }, () => reads++);
      // The first search notes how far registrations reach.
      painted(stage);
      reads = 0;
      const { paint } = painted(stage);
      expect(paint.summaries === null).toBe(shown === 100);
      expect(reads, `${shown} of ${count} ranges`).toBeLessThan(1_500 + 40 * shown);
    }
  }
});

test("a view that is dense has no bars to be hit, and the band and free room are what they are", () => {
  const stage = stageOf(10_000, { from: 0, to: 1_000_000 });
  const { paint } = painted(stage);
  const { layout } = paint;
  const hit = (y: number) => hitAt(paint, stage.rows, 0, 700, layout.top + layout.rowHeight + y, "mouse");
  expect(hit(layout.lanesTop + layout.lanesHeight - 1)).toEqual({ on: "free", row: 1 });
  expect(hit(layout.bandTop + 3)).toEqual({ on: "band", row: 1 });
});

test("what is taken has a frame at every zoom in which it is in view", () => {
  const stage = stageOf(10_000, { from: 0, to: 1_000_000 });
  const [taken] = [...(stage.rows[0]?.registrations.in(420_000, 420_100) ?? [])];
  if (taken === undefined) throw new Error("there is one on each hundred keys");
  for (const width of [1_000_000, 100_000, 10_000, 1_000]) {
    const view = { from: 420_050 - width * 0.42, to: 420_050 + width * 0.58 };
    const { paint } = painted({ ...stage, view });
    const bar = takenBarOf(paint, 2, taken);
    const top = paint.layout.top + 2 * paint.layout.rowHeight;
    expect(bar?.y).toBeGreaterThanOrEqual(top);
    expect(bar?.y).toBeLessThan(top + paint.layout.bandTop);
    expect((bar?.x ?? 0) + (bar?.width ?? 0) / 2).toBeGreaterThanOrEqual(paint.layout.left);
  }
  expect(takenBarOf(painted({ ...stage, view: { from: 0, to: 1_000 } }).paint, 2, taken)).toBeNull();
});

test("to look closer is advised only where it helps", () => {
  const stage = stageOf(10_000, { from: 0, to: 1_000_000 });
  const { paint } = painted(stage);
  const words = (rows: readonly Row[]) => summaryWords(paint.summaries ?? [], rows, paint.layout, stage.limit, 420_000);
  expect(words(stage.rows)).toBe("10,000 ranges in view, drawn together: zoom in to see each");
  const same = Array.from({ length: 1_000 }, (_, place) => ({
    node: `${place}`,
    start: 0,
    end: 1_000_000,
    priority: 1,
  }));
  const over = stage.rows.map((row) => ({ ...row, registrations: Registrations.of(same) }));
  expect(words(over)).toBe("10,000 ranges lie here, too many to draw each");
});

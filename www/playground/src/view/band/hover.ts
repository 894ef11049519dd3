/** What lies under the pointer, in words. */
import type { Scenario } from "../../scenarios/scenario";
import { itemAt } from "../../model/marks";
import { formatRange } from "../../model/ranges";
import { placeAt } from "./geometry";
import { barAt, keyAt } from "./gestures";
import type { Scene } from "./scene";

export interface Hover {
  readonly x: number;
  readonly y: number;
  readonly lines: readonly string[];
}

export function hoverAt(scene: Scene, scenario: Scenario, x: number, y: number): Hover | null {
  const place = placeAt(scene.geometry, y);
  if (x < scene.geometry.gutter) return null;
  if (place.part === "lane") {
    const lane = scene.lanes[place.lane];
    const bar = lane && barAt(scene, lane, x);
    if (bar === undefined) return null;
    const { registration } = bar;
    return {
      x,
      y,
      lines: [
        `${titled(scenario, registration.node)}, priority ${registration.priority}`,
        formatRange(registration, scenario.format),
      ],
    };
  }
  if (place.part !== "splits") return null;
  const key = keyAt(scene, x);
  const split = itemAt(scene.splits, key, 0);
  if (split === undefined) return { x, y, lines: [scenario.gapWords] };
  const owners = split.owners.map(
    ({ node, priority }, index) => `${index + 1}. ${titled(scenario, node)}, ${priority}`,
  );
  const range = {
    start: BigInt(split.start),
    end: split.end === Infinity ? null : BigInt(split.end),
  };
  return { x, y, lines: [formatRange(range, scenario.format), ...owners] };
}

export function titled(scenario: Scenario, node: string): string {
  const title = scenario.nodeTitle(node);
  return title === undefined ? node : `${node} ${title}`;
}

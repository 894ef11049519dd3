import { expect, test } from "vitest";
import { stories } from "../stories/index";
import { firstPicture, previewPicture } from "./first-picture";
import { colorsOf } from "./story-colors";

/** Of each name that is whole, and stands on a band: the node, and the colour of the band. */
function bands(picture: string): [node: string, fill: string][] {
  const [rects, names] = [/<rect [^>]*fill="(#[^"]+)"[^>]*>/g, /<text [^>]*class="owner"[^>]*>([^ …<]+)[ <]/g];
  const number = (text: string, name: string) => Number(new RegExp(` ${name}="([^"]+)"`).exec(text)?.[1]);
  return [...picture.matchAll(names)].flatMap((name) => {
    const svg = picture.slice(picture.lastIndexOf("<svg", name.index), name.index);
    const [x, y] = [number(name[0], "x"), number(name[0], "y")];
    const under = [...svg.matchAll(rects)].filter(([rect]) => {
      const top = number(rect, "y");
      return (
        number(rect, "x") < x &&
        x < number(rect, "x") + number(rect, "width") &&
        top < y &&
        y < top + number(rect, "height")
      );
    });
    const band = under.at(-1);
    return band ? [[name[1]!, band[1]!]] : [];
  });
}

const drawn = stories.filter(({ keys, isIncomplete }) => keys !== "ipv4" && !isIncomplete);

test.each(drawn)("nodes of $title have the colours in its first pictures that they have on the page", (story) => {
  const colors = colorsOf(story, null);
  for (const [node, fill] of bands(firstPicture(story) + previewPicture(story))) {
    expect([node, fill]).toEqual([node, colors.of(node).fill]);
  }
});

test("names stand on bands in the pictures, so that the test above looks at something", () => {
  expect(drawn.flatMap((story) => bands(previewPicture(story))).length).toBeGreaterThan(9);
});

/**
 * Marks as elements of an SVG. By hand, since a picture may have a hundred that change in each frame: only what is another than before
 * is touched, which costs a third of what a template does.
 */
import type { Mark } from "../picture/mark";

const SVG = "http://www.w3.org/2000/svg";

/** Makes the children of `group`, which show the marks `before` in their order, show these. */
export function showMarks(group: SVGGElement, before: readonly Mark[], marks: readonly Mark[]): void {
  if (marks === before) return;
  while (group.childElementCount > marks.length) group.lastElementChild?.remove();
  let shown = group.firstElementChild;
  for (const [place, mark] of marks.entries()) {
    const old = before[place];
    if (shown === null) group.append(elementOf(mark));
    else if (old?.shape === mark.shape) change(shown, old, mark);
    else {
      const made = elementOf(mark);
      shown.replaceWith(made);
      shown = made;
    }
    shown = shown?.nextElementSibling ?? null;
  }
}

function elementOf(mark: Mark): Element {
  const element = document.createElementNS(SVG, mark.shape);
  for (const name in mark.attributes) element.setAttribute(name, String(mark.attributes[name]));
  if (mark.text !== undefined) element.textContent = mark.text;
  return element;
}

function change(element: Element, before: Mark, { attributes, text }: Mark): void {
  for (const name in before.attributes) if (!(name in attributes)) element.removeAttribute(name);
  for (const name in attributes) {
    if (attributes[name] !== before.attributes[name]) element.setAttribute(name, String(attributes[name]));
  }
  if (text !== before.text) element.textContent = text ?? "";
}

/** The keys of a focused band, as events. They are listed for readers in `KeysHelp.svelte`. */
export type BandAction =
  | { readonly kind: "step"; readonly by: 1 | -1 }
  | { readonly kind: "first" | "last" | "deselect" | "edit" }
  | { readonly kind: "change"; readonly operation: "increase" | "decrease" | "release" }
  | { readonly kind: "zoom"; readonly factor: number }
  | { readonly kind: "pan"; readonly share: number };

export const ZOOM_STEP = 1.6;
const PAN_STEP = 0.2;

const PLAIN: Readonly<Record<string, BandAction>> = {
  ArrowRight: { kind: "step", by: 1 },
  ArrowLeft: { kind: "step", by: -1 },
  Home: { kind: "first" },
  End: { kind: "last" },
  Escape: { kind: "deselect" },
  Enter: { kind: "edit" },
  "+": { kind: "change", operation: "increase" },
  "=": { kind: "change", operation: "increase" },
  "-": { kind: "change", operation: "decrease" },
  Delete: { kind: "change", operation: "release" },
  Backspace: { kind: "change", operation: "release" },
};

const SHIFTED: Readonly<Record<string, BandAction>> = {
  ArrowRight: { kind: "pan", share: PAN_STEP },
  ArrowLeft: { kind: "pan", share: -PAN_STEP },
  ArrowUp: { kind: "zoom", factor: 1 / ZOOM_STEP },
  ArrowDown: { kind: "zoom", factor: ZOOM_STEP },
  "+": { kind: "change", operation: "increase" },
};

export function actionOfKey(event: KeyboardEvent): BandAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return (event.shiftKey ? SHIFTED : PLAIN)[event.key] ?? null;
}

/**
 * For an element that can have the focus: takes it when what had it inside is removed. Otherwise the page's body would have it, and
 * the next key would do nothing.
 */
export function keepsFocus(container: HTMLElement): () => void {
  let last: Node | null = null;
  const note = ({ target }: Event) => (last = target instanceof Node && target !== container ? target : null);
  // Whoever points elsewhere gives the focus up.
  const forget = () => (last = null);
  container.addEventListener("focusin", note);
  document.addEventListener("pointerdown", forget, { capture: true });
  const observer = new MutationObserver(() => {
    if (last === null || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    container.focus();
  });
  observer.observe(container, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    container.removeEventListener("focusin", note);
    document.removeEventListener("pointerdown", forget, { capture: true });
  };
}

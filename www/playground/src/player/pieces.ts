/** Long work in pieces, so that the page answers meanwhile. */

/** A piece is over once it took so long: frames are drawn in between, also by a processor that is a quarter as fast. */
const PIECE_MS = 4;

/** Lets the browser do something else. A timer would wait for a second in a tab that nobody looks at; a message does not. */
export function pause(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

/** Takes steps until one returns `true`, and pauses between pieces. Returns `false` if it was not wanted any more after a pause. */
export async function inPieces(step: () => boolean, isWanted: () => boolean = () => true): Promise<boolean> {
  for (let begin = performance.now(); !step();) {
    if (performance.now() - begin < PIECE_MS) continue;
    await pause();
    if (!isWanted()) return false;
    begin = performance.now();
  }
  return true;
}

/** Runs `task` once for any number of calls within a frame. A hidden page has no frames: there a timer takes over. */
export interface Scheduled {
  request(): void;
  cancel(): void;
}

const LATEST_MS = 200;

export function oncePerFrame(task: () => void): Scheduled {
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = timer = undefined;
  };
  const run = () => {
    cancel();
    task();
  };
  return {
    request() {
      if (frame !== undefined) return;
      frame = requestAnimationFrame(run);
      timer = setTimeout(run, LATEST_MS);
    },
    cancel,
  };
}

import type { PersistentError, PersistentErrorCode } from "../persistent.js";

/** A real `Error` with a stable code. */
export function failure(code: PersistentErrorCode, message: string, cause?: unknown): PersistentError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: "PersistentError", code } as const);
}

export function isFailure(error: unknown): error is PersistentError {
  return error instanceof Error && error.name === "PersistentError";
}

/** What IndexedDB threw, by what a program can do about it. */
export function storageFailure(error: unknown): PersistentError {
  if (isFailure(error)) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "QuotaExceededError":
      return failure("storage-full", "there is no space left to save the map in", error);
    case "InvalidStateError":
      return failure("storage-closed", "the database was closed", error);
    case "VersionError":
      return failure("storage-closed", "the database belongs to a newer version of the program", error);
    default:
      return failure("storage-failed", `the map could not be saved: ${String(error)}`, error);
  }
}

/**
 * Reports what nobody catches, as an exception in an event handler is: to the `error` event where there is `reportError`, and as an
 * unhandled rejection elsewhere, as in Node.
 */
export function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else void Promise.reject(error);
}

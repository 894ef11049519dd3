/**
 * Turns a loader into one that loads once. Instantiating the module a second time would pull the memory from under the objects
 * of the first, so callers at the same time share one load. One that failed may be tried again.
 */
export function once(load) {
  let loading;
  return function init(options) {
    loading ??= load(options).then(
      () => undefined,
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
}

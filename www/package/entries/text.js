// Jest's jsdom has neither of them; the Node around it has.
const { TextDecoder, TextEncoder } = globalThis.TextDecoder
  ? globalThis
  : globalThis.process.getBuiltinModule("node:util");

export { TextDecoder, TextEncoder };

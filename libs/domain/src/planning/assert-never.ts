/** Ends a `switch` over a union: a new kind is a compile error here. */
export function assertNever(value: never): never {
  throw new TypeError(`meeting a kind that is not known: ${JSON.stringify(value)}`);
}

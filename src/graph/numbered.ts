/** A name for each; the second of one name and those after it get their number too: dense, dense@1. */
export function numbered<T>(all: readonly T[], nameOf: (one: T) => string): Map<T, string> {
  const names = new Map<T, string>();
  const uses = new Map<string, number>();
  for (const one of all) {
    const name = nameOf(one);
    const use = uses.get(name) ?? 0;
    uses.set(name, use + 1);
    names.set(one, use === 0 ? name : `${name}@${use}`);
  }
  return names;
}

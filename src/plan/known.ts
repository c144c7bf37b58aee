/** What must be there. If it is not, bucle is at fault, not its user: the message says where to look. */
export function known<T>(found: T | null | undefined, what: string): T {
  if (found === undefined || found === null) throw new Error(`bucle: nothing known of ${what}`);
  return found;
}

/** Facts as people paste them: a list, one alone, or `{"facts": […]}`; undefined where it is none of these. */
export function factsIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value.length === 0 ? undefined : value;
    if (typeof value !== 'object' || value === null) return undefined;
    return 'facts' in value && Array.isArray(value.facts) ? value.facts : [value];
  } catch {
    return undefined;
  }
}

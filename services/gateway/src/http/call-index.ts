import type { Call, Method } from './call.js';

interface Entry { readonly parts: readonly string[]; readonly byMethod: Map<Method, Call> }

export type Match = { readonly kind: 'call'; readonly call: Call } | { readonly kind: 'method'; readonly allow: readonly string[] } | { readonly kind: 'none' };

/** Finds the call of a method and path; a literal part wins over a parameter (`/v1/zones/test` over `/v1/zones/:id`). */
export class CallIndex {
  readonly #entries: Entry[] = [];

  constructor(calls: readonly Call[]) {
    const byPath = new Map<string, Entry>();
    for (const shape of calls) {
      const entry = byPath.get(shape.path) ?? { parts: shape.path.split('/'), byMethod: new Map<Method, Call>() };
      if (entry.byMethod.has(shape.method)) throw new Error(`two calls at ${shape.method} ${shape.path}`);
      entry.byMethod.set(shape.method, shape);
      byPath.set(shape.path, entry);
    }
    const literals = (entry: Entry) => entry.parts.filter((part) => !part.startsWith(':')).length;
    this.#entries = [...byPath.values()].sort((a, b) => literals(b) - literals(a));
  }

  find(method: string, path: string): Match {
    const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
    const parts = path.split('/');
    const allow = new Set<string>();
    for (const entry of this.#entries) {
      if (!fits(entry.parts, parts)) continue;
      for (const [known, shape] of entry.byMethod) {
        if (known === wanted) return { kind: 'call', call: shape };
        allow.add(known.toUpperCase());
      }
    }
    return allow.size === 0 ? { kind: 'none' } : { kind: 'method', allow: [...allow].sort() };
  }
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, i) => part.startsWith(':') ? parts[i] !== '' : part === parts[i]);
}

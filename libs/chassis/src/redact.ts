/** Values that must never be seen: registered while the process runs, masked in everything it logs (L10). */
export function registerSecret(_value: string): void { throw new Error('being built'); }
/** The text with every registered secret masked. */
export function redact(_text: string): string { throw new Error('being built'); }

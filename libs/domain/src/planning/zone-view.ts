/** Which addresses' records a zone entry takes. */
export type AddressFilter = 'all' | 'public' | 'private' | { readonly ranges: readonly string[] };

/** A zone entry as planning sees it. */
export interface ZoneView {
  readonly zoneId: string;
  /** Canonical, absolute. */
  readonly apex: string;
  readonly provider: string;
  readonly connectionId: string;
  readonly mode: 'write' | 'observe';
  /** Seconds. */
  readonly ttl: { readonly forward: number; readonly reverse: number };
  readonly addresses: AddressFilter;
  /** Absent: the default list. */
  readonly reservedNames?: readonly string[] | undefined;
  /** Being purged: it is nobody's home any more, and what we own there goes. */
  readonly leaving: boolean;
  /** The order of adding, for the rare tie. */
  readonly createdSeq: number;
}

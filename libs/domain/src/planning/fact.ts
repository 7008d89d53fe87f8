/** One address of a VM as inventory keeps it. */
export interface FactAddress {
  /** Canonical text (RFC 5952). */
  readonly ip: string;
  readonly forward: boolean;
  /** The publisher's PTR target (absolute), or null for the default. */
  readonly ptr: string | null;
  /** The customer's PTR target (absolute), or null. */
  readonly customerPtr: string | null;
  /** Given when the address first appeared in this life; the highest claim holds an address. */
  readonly claim: number;
}

/** A VM's whole state after an accepted change; contracts' `VmState` is assignable to it. */
export interface Fact {
  readonly vmId: string;
  readonly tenant: string | null;
  readonly source: string;
  readonly life: number;
  readonly uid: string | null;
  readonly version: number | null;
  readonly revision: number;
  readonly deleted: boolean;
  readonly fqdn: string | null;
  readonly hostname: string | null;
  readonly domain: string | null;
  readonly shareName: boolean;
  /** The lowest claim holds a name; null where there is no name. */
  readonly nameClaim: number | null;
  readonly addresses: readonly FactAddress[];
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  readonly changedAt: string;
  /** The hold by whose approval a person let this deletion go: no second brake stops it. */
  readonly approvedBy?: string | undefined;
}

/** One fault of an input: a JSON path such as `addresses[2].ip`, and what to mend. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

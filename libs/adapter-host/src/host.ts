import type { ProviderDefinition } from '@vmdns/provider-kit';

/** The times of a lane (PROTOCOL §5), in milliseconds. */
export interface LaneTiming {
  /** A lease ends so long after its last renewal. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** A call is sent only so long after the last renewal, else after another; so a sent call is dead this plus callLifeMs after it. */
  readonly sendWithinMs: number;
  /** The floor behind every wake-up. */
  readonly pollMs: number;
  /** A name that changes again so soon after it was written waits until so long after it. */
  readonly restMs: number;
}

export const LANE_TIMING: LaneTiming = { leaseMs: 5000, renewMs: 1500, sendWithinMs: 2000, pollMs: 1000, restMs: 1000 };

export interface HostLimits {
  /** Zones worked on at the same time by this process. */
  readonly lanesMax: number;
  /** Names of one zone in one turn. */
  readonly namesPerTurn: number;
  /** Turns that are stored at the same time; leaves connections for renewing and for commands. */
  readonly commitsMax: number;
}

/** What this process is: which provider, which replica, how fast. */
export class Host {
  constructor(
    readonly definition: ProviderDefinition,
    readonly instance: string,
    readonly limits: HostLimits,
    readonly timing: LaneTiming = LANE_TIMING,
  ) {}

  get provider(): string {
    return this.definition.name;
  }

  /** So long after a renewal no call sent under it can take effect any more. */
  get deadAfterMs(): number {
    return this.timing.sendWithinMs + this.definition.capabilities.callLifeMs;
  }

  /** How the log of things done names its writer. */
  get source(): string {
    return `adapter-${this.provider}`;
  }
}

import type { Command } from '@vmdns/contracts';
import { gateOf } from '../lanes/gate.js';
import type { ZoneLane } from './zone-lanes.js';

/** A lane is not as it was: the transaction is undone, and done again step by step. */
export class GuessedWrong extends Error {
  override readonly name = 'GuessedWrong';
}

/** Lanes as the last commands found them. Only a guess: each use is checked against the locked rows. */
export class LanesLastSeen {
  private readonly byZone = new Map<string, ZoneLane>();

  remember(lanes: ReadonlyMap<string, ZoneLane>): void {
    for (const [zoneId, lane] of lanes) {
      if (isOpen(lane)) this.byZone.set(zoneId, lane);
      else this.byZone.delete(zoneId);
    }
  }

  /** Undefined where a zone was not seen, or not open. */
  guess(commands: readonly Command[]): ReadonlyMap<string, ZoneLane> | undefined {
    const lanes = new Map<string, ZoneLane>();
    for (const { zoneId } of commands) {
      const lane = this.byZone.get(zoneId);
      if (lane === undefined) return undefined;
      lanes.set(zoneId, lane);
    }
    return lanes;
  }

  /** Throws GuessedWrong unless all that was guessed is so. */
  check(guess: ReadonlyMap<string, ZoneLane>, lanes: ReadonlyMap<string, ZoneLane>): void {
    this.remember(lanes);
    for (const [zoneId, guessed] of guess) {
      const lane = lanes.get(zoneId);
      if (lane !== undefined && isOpen(lane) && lane.target === guessed.target && lane.limiter_key === guessed.limiter_key) continue;
      this.byZone.delete(zoneId);
      throw new GuessedWrong(`zone ${zoneId} is not as it was`);
    }
  }
}

/** Its names are stored at a known target, and nothing keeps them from being worked on. */
const isOpen = (lane: ZoneLane): boolean => lane.state !== 'removed' && lane.limiter_key !== null && gateOf(lane) === null;

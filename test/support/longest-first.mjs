import Sequencer from '@jest/test-sequencer';

/**
 * What takes longest begins first, so that no worker is alone with it at the end; what starts whole stacks is mixed with
 * what does not. On a fresh clone Jest has no times and goes by the size of files, which says little of the work.
 */
const LONGEST = [
  '/e2e/console/', '/walks-between-replicas.', '/hestiacp.contract.', '/walks-at-the-provider.', '/stop-at-once.', '/local-stack.', '.sql-contract.', '/chaos.spec.',
  '.contract.', '/three-providers.', '/mutants.', '/restore.', '/permissions-story.', '/walk-failover.',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const placeOf = ({ path }) => {
      const place = LONGEST.findIndex((part) => path.includes(part));
      return place === -1 ? LONGEST.length : place;
    };
    return super.sort(tests).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

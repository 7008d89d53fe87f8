import type { ContractHarness } from './harness.js';
import { Story } from './story.js';

/** One clause of PROVIDERS §11, or one case of it; `title` begins with its number. */
export interface Clause {
  readonly number: number;
  readonly title: string;
  run<C, Z>(scene: Scene<C, Z>): Promise<void>;
}

/** What the clauses share: each starts from the state that the last one left. */
export class Scene<C, Z> {
  readonly stories: Story<C, Z>[] = [];
  /** Failures met on the way, for the last clause. */
  readonly thrown: unknown[] = [];
  private first: Story<C, Z> | undefined;

  constructor(readonly harness: ContractHarness<C, Z>) {}

  /** A zone of its own and its ledger. */
  async open(apex: string): Promise<Story<C, Z>> {
    const story = new Story(this.harness.definition, apex, await this.harness.makeZone(apex));
    this.stories.push(story);
    return story;
  }

  /** The zone in which most of the story plays. */
  async forward(): Promise<Story<C, Z>> {
    this.first ??= await this.open(FORWARD);
    return this.first;
  }
}

export const FORWARD = 'contract.example.';

/** The builds that a person added, and where each begins on which board; kept in the workspace's state. */
import * as v from 'valibot';
import type { BoardStore } from '../boards/boards.ts';
import { mostColumns } from '../model/geometry.ts';
import { fittingItems, textUpTo, whole } from '../model/shapes.ts';

const choicesKey = 'tilescope.names';
/** More than anyone adds by hand. */
const mostBuilds = 64;
const choiceShape = v.strictObject({
  build: textUpTo(4096),
  starts: v.record(v.string(), whole(0, mostColumns - 1)),
});

type Choice = v.InferOutput<typeof choiceShape>;

export class NameChoices {
  readonly #store: BoardStore;

  constructor(store: BoardStore) {
    this.#store = store;
  }

  /** The addresses of the builds that a person added. */
  get builds(): readonly string[] {
    return this.#read().map(({ build }) => build);
  }

  /** The first column that a person chose for a build on a board. */
  start(build: string, board: string): number | undefined {
    const starts = this.#read().find((one) => one.build === build)?.starts ?? {};
    return Object.hasOwn(starts, board) ? starts[board] : undefined;
  }

  /** Adds a build; with a board also where it begins there. */
  async add(build: string, at?: { readonly board: string; readonly startCol: number }): Promise<void> {
    const all = this.#read();
    const present = all.find((one) => one.build === build) ?? { build, starts: {} };
    const starts = { ...present.starts, ...(at === undefined ? {} : { [at.board]: at.startCol }) };
    const others = all.filter((one) => one.build !== build);
    await this.#store.update(choicesKey, [...others, { build, starts }].slice(-mostBuilds));
  }

  async remove(build: string): Promise<void> {
    const others = this.#read().filter((one) => one.build !== build);
    await this.#store.update(choicesKey, others.length === 0 ? undefined : others);
  }

  #read(): Choice[] {
    return fittingItems(choiceShape, this.#store.get(choicesKey)).slice(0, mostBuilds);
  }
}

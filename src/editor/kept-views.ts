/** How memories of a type were last shown, so that the next tab begins like that. */
import type { MemoryType } from '../model/geometry.ts';
import { fitting, viewChoiceShape } from '../model/shapes.ts';
import type { ViewChoice } from './messages.ts';

/** The part of VS Code's Memento that is needed. */
interface ViewStore {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

export class KeptViews {
  readonly #store: ViewStore;

  constructor(store: ViewStore) {
    this.#store = store;
  }

  /** What was last chosen for a memory of the type, if anything was. */
  of(type: MemoryType): ViewChoice | undefined {
    return fitting(viewChoiceShape, this.#store.get(keyOf(type)));
  }

  /** Keeps what a person chose. */
  keep(type: MemoryType, view: ViewChoice): Thenable<void> {
    return this.#store.update(keyOf(type), view);
  }
}

function keyOf(type: MemoryType): string {
  return `tilescope.view.${type}`;
}

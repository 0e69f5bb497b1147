/** The places that a person went to, in words as typed. */
import * as v from 'valibot';
import { fittingItems } from '../model/shapes.ts';

/** The part of VS Code's Memento that is needed. */
interface HistoryStore {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

const key = 'tilescope.places';
const most = 20;

export class PlaceHistory {
  readonly #store: HistoryStore;

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /** The last first. */
  get all(): readonly string[] {
    return fittingItems(v.pipe(v.string(), v.maxLength(200)), this.#store.get(key)).slice(0, most);
  }

  /** Notes a place as the last one. */
  add(typed: string): Thenable<void> {
    return this.#store.update(key, [typed, ...this.all.filter((one) => one !== typed)].slice(0, most));
  }
}

/** Where it is kept which recordings go on without this window, so that the next one finds them. Knows no recording. */

/** The part of VS Code's Memento that is needed. */
export interface RecordingStore {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

/** The key of the list. */
export const recordingsKey = 'tilescope.recordings';

/** Whether an earlier window left any. */
export function leftRecordings(store: RecordingStore): boolean {
  const kept = store.get(recordingsKey);
  return Array.isArray(kept) && kept.length > 0;
}

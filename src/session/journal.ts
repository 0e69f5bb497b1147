import type { MemoryGeometry } from '../model/geometry.ts';

/** One run of a kept gesture. Both texts are base64 of equally many bytes. */
export interface JournalRun {
  readonly offset: number;
  readonly bytes: string;
  readonly seen: string;
}

/** One kept gesture. */
export interface JournalGesture {
  readonly label: string;
  /** Epoch in which the bytes were seen. */
  readonly epoch: string;
  readonly runs: readonly JournalRun[];
}

/** Staged edits of one document as JSON, to survive a reload. */
export interface JournalData {
  readonly version: 1;
  readonly geometry: MemoryGeometry;
  readonly gestures: readonly JournalGesture[];
}

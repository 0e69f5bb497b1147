import { type MemoryGeometry, memoryTypes, totalBytes } from '../model/geometry.ts';
import type { EditStack, KeptGesture, NumberedGesture, StageRun } from './edit-stack.ts';
import { SessionError } from './errors.ts';
import type { MemoryKey } from './types.ts';

/** One run of a kept gesture. Both texts are base64 of equally many bytes. */
interface JournalRun {
  readonly offset: number;
  readonly bytes: string;
  readonly seen: string;
}

/** One kept gesture. */
interface JournalGesture {
  /** Its place among the gestures of all documents: grows with the time at which they were made. */
  readonly order: number;
  readonly label: string;
  /** Epoch in which the bytes were seen. */
  readonly epoch: string;
  readonly runs: readonly JournalRun[];
}

/** Staged edits of one document as JSON, to survive a reload. `records` tell what became of them since. */
export interface JournalData {
  readonly version: 1;
  readonly geometry: MemoryGeometry;
  readonly gestures: readonly JournalGesture[];
  readonly records?: readonly JournalRecord[];
}

/** A gesture that was staged or redone, under a number, or the number of one that was undone. */
export type JournalRecord =
  | { readonly id: number; readonly gesture: JournalGesture }
  | { readonly undo: number };

/**
 * What a document's journal has to become: nothing, `data` with the records behind it, or what it is with more records
 * behind it. Records are made while they are taken, so that many of them can be written in pieces; what changes meanwhile is
 * in the step after this one.
 */
export type JournalStep =
  | { readonly kind: 'empty' }
  | { readonly kind: 'whole'; readonly data: unknown; readonly records: Iterable<JournalRecord> }
  | { readonly kind: 'more'; readonly records: Iterable<JournalRecord> };

/** What is accepted at most: more than a person can type, less than what exhausts the machine. */
const mostGestures = 1_000_000;
const mostRecords = 4_000_000;
const mostRuns = 6_000_000;
const mostBytes = 128 << 20;
const mostMemory = 1 << 30;
/** Leaves room for the gestures that come after it. */
const mostOrder = Number.MAX_SAFE_INTEGER - 2 ** 32;
const longestText = 4096;

/** The kept edits as JSON. */
export function encodeJournal(geometry: MemoryGeometry, kept: readonly KeptGesture[]): JournalData {
  return {
    version: 1,
    geometry,
    gestures: kept.map(encodeGesture),
  };
}

/** What a document's journal has to become. @param whole all of it: nothing is known of what it is now */
export function journalStep(
  geometry: MemoryGeometry | undefined,
  edits: EditStack,
  document: string,
  whole: boolean,
): JournalStep {
  const log = edits.takeLog(document);
  if (geometry === undefined || !edits.isPending(document)) return { kind: 'empty' };
  if (log === undefined || whole) {
    return { kind: 'whole', data: encodeJournal(geometry, []), records: recordsOf(edits.kept(document)) };
  }
  return { kind: 'more', records: recordsSince(edits, log) };
}

function* recordsOf(kept: Iterable<NumberedGesture>): Generator<JournalRecord> {
  for (const gesture of kept) yield { id: gesture.id, gesture: encodeGesture(gesture) };
}

function* recordsSince(edits: EditStack, log: readonly number[]): Generator<JournalRecord> {
  for (const act of log) {
    const kept = act < 0 ? undefined : edits.keptGesture(act);
    if (act < 0) yield { undo: -act };
    else if (kept !== undefined) yield { id: act, gesture: encodeGesture(kept) };
  }
}

function encodeGesture({ order, label, epoch, runs }: KeptGesture): JournalGesture {
  return {
    order,
    label: label.slice(0, longestText),
    epoch,
    runs: runs.map(({ offset, bytes, seen }) => ({ offset, bytes: toBase64(bytes), seen: toBase64(seen) })),
  };
}

/** Checks and decodes anything that was stored. Throws SessionError `journal-version` or `journal-damaged`. */
export function decodeJournal(data: unknown): { geometry: MemoryGeometry; gestures: KeptGesture[] } {
  const journal = record(data, 'journal');
  if (journal['version'] !== 1) {
    const version = journal['version'];
    if (typeof version !== 'number' || !Number.isInteger(version)) throw damaged('version');
    throw new SessionError('journal-version', `staged edits of version ${version}`, { version });
  }
  const geometry = decodeGeometry(journal['geometry']);
  const size = totalBytes(geometry);
  const budget = { runs: mostRuns, bytes: mostBytes };
  const gestures = list(journal['gestures'], 'gestures', mostGestures).map((gesture) =>
    decodeGesture(gesture, size, budget),
  );
  return { geometry, gestures: [...gestures, ...decodeRecords(journal['records'] ?? [], size, budget)] };
}

/** As `decodeJournal`, of this memory. Throws SessionError `journal-mismatch` too, where it was kept for another one. */
export function journalFor(
  { columns, memory }: MemoryKey,
  known: MemoryGeometry | undefined,
  data: unknown,
): { geometry: MemoryGeometry; gestures: KeptGesture[] } {
  const journal = decodeJournal(data);
  const { geometry } = journal;
  const matches =
    geometry.type === memory &&
    geometry.startCol >= columns.startCol &&
    geometry.startCol + geometry.numCols <= columns.startCol + columns.numCols &&
    (known === undefined || sameGeometry(geometry, known));
  if (!matches) throw new SessionError('journal-mismatch', 'the staged edits were kept for another memory');
  return journal;
}

/** What is left of the gestures of the records, in their order. */
function decodeRecords(data: unknown, size: number, budget: { runs: number; bytes: number }): KeptGesture[] {
  const gestures = new Map<number, KeptGesture>();
  const number = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw damaged('id');
    return value;
  };
  for (const item of list(data, 'records', mostRecords)) {
    const fields = record(item, 'record');
    if ('undo' in fields) gestures.delete(number(fields['undo']));
    else gestures.set(number(fields['id']), decodeGesture(fields['gesture'], size, budget));
  }
  if (gestures.size > mostGestures) throw damaged('gestures');
  const numbered = [...gestures].sort(([a, one], [b, other]) => one.order - other.order || a - b);
  return numbered.map(([, gesture]) => gesture);
}

/** Whether two layouts of the same memory are the same. */
export function sameGeometry(a: MemoryGeometry, b: MemoryGeometry): boolean {
  return (
    a.type === b.type &&
    a.startCol === b.startCol &&
    a.numCols === b.numCols &&
    a.startRow === b.startRow &&
    a.numRows === b.numRows &&
    a.bytesPerTile === b.bytesPerTile &&
    a.tileBase === b.tileBase
  );
}

/** Whether a layout that came from outside can be worked with: whole numbers, at most 1 GiB. */
export function isSoundGeometry(geometry: MemoryGeometry): boolean {
  const { startCol, numCols, startRow, numRows, bytesPerTile, tileBase } = geometry;
  const counts = [startCol, numCols, startRow, numRows, bytesPerTile, tileBase];
  return (
    counts.every((count) => Number.isInteger(count) && count >= 0 && count <= mostMemory) &&
    numCols > 0 &&
    numRows > 0 &&
    bytesPerTile > 0 &&
    totalBytes(geometry) <= mostMemory
  );
}

function decodeGeometry(data: unknown): MemoryGeometry {
  const fields = record(data, 'geometry');
  const number = (name: string): number => {
    const value = fields[name];
    if (typeof value !== 'number') throw damaged(`geometry.${name}`);
    return value;
  };
  const type = memoryTypes.find((candidate) => candidate === fields['type']);
  if (type === undefined) throw damaged('geometry.type');
  const geometry: MemoryGeometry = {
    type,
    startCol: number('startCol'),
    numCols: number('numCols'),
    startRow: number('startRow'),
    numRows: number('numRows'),
    bytesPerTile: number('bytesPerTile'),
    tileBase: number('tileBase'),
  };
  if (!isSoundGeometry(geometry)) throw damaged('geometry');
  return geometry;
}

function decodeGesture(data: unknown, size: number, budget: { runs: number; bytes: number }): KeptGesture {
  const gesture = record(data, 'gesture');
  const runs: StageRun[] = [];
  let end = 0;
  for (const item of list(gesture['runs'], 'runs', budget.runs)) {
    const run = record(item, 'run');
    const offset = run['offset'];
    if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < end) throw damaged('offset');
    const bytes = fromBase64(run['bytes'], budget.bytes);
    const seen = fromBase64(run['seen'], budget.bytes);
    if (bytes.length === 0 || seen.length !== bytes.length) throw damaged('run');
    end = offset + bytes.length;
    if (end > size) throw damaged('offset');
    budget.runs--;
    budget.bytes -= bytes.length;
    runs.push({ offset, bytes, seen });
  }
  if (runs.length === 0) throw damaged('runs');
  const order = gesture['order'];
  if (typeof order !== 'number' || !Number.isInteger(order) || order <= 0 || order > mostOrder) {
    throw damaged('order');
  }
  return { order, label: text(gesture['label'], 'label'), epoch: text(gesture['epoch'], 'epoch'), runs };
}

function record(data: unknown, part: string): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw damaged(part);
  return { ...data };
}

function list(data: unknown, part: string, most: number): readonly unknown[] {
  if (!Array.isArray(data) || data.length > most) throw damaged(part);
  return data;
}

function text(data: unknown, part: string): string {
  if (typeof data !== 'string' || data.length > longestText) throw damaged(part);
  return data;
}

function damaged(part: string): SessionError {
  return new SessionError('journal-damaged', `kept staged edits are damaged: ${part}`, { part });
}

function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  // A call with too many arguments fails; a multiple of 3 keeps the pieces free of padding.
  for (let i = 0; i < bytes.length; i += 0x6000) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 0x6000))));
  }
  return pieces.join('');
}

function fromBase64(data: unknown, most: number): Uint8Array {
  if (typeof data !== 'string' || data.length > most * 2) throw damaged('bytes');
  let binary: string;
  try {
    binary = atob(data);
  } catch {
    throw damaged('bytes');
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

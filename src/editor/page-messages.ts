/** Reads what the page sends. The page shows bytes of a board: what it says is checked before it is used. */
import * as v from 'valibot';
import { liveRateShape } from '../model/live-rate.ts';
import { countShape, cutText, fitting, textUpTo, viewChoiceShape, whole } from '../model/shapes.ts';
import { keptPages } from './delta.ts';
import { findQueryShape } from './find/query-shape.ts';
import { type FromWebview, type HostCommand, mostRuns } from './messages.ts';

const commands: Readonly<Record<HostCommand, true>> = {
  refresh: true,
  apply: true,
  discard: true,
  rebase: true,
  undo: true,
  redo: true,
  connect: true,
  unlock: true,
  lock: true,
  stageEdits: true,
  allowDriver: true,
  keepMine: true,
  takeTheirs: true,
  readRunning: true,
  enableClocks: true,
  hold: true,
  releaseHold: true,
  reachKernel: true,
  turnOnSudo: true,
  showLog: true,
  copyAs: true,
  pasteAs: true,
  openInEditor: true,
  record: true,
  endRecording: true,
};

/** Bytes of one gesture, or of one request for bytes, at most. */
const mostBytes = 64 * 1024 * 1024;
const mostEdits = 1 << 20;
/** Windows are counted in 32 bits. */
const mostNumber = 0xffff_ffff;

const range = v.object({ offset: countShape, length: whole(0, mostBytes) });
const ranges = v.pipe(v.array(range), v.maxLength(keptPages));
const bytes = v.instance(Uint8Array);

const edit = v.pipe(
  v.object({
    offset: countShape,
    bytes,
    seen: v.object({ base: bytes, shown: bytes }),
  }),
  v.check(({ bytes: { length }, seen }) => {
    const known = seen.base.length === length && seen.shown.length === length;
    return known && length > 0 && length <= mostBytes;
  }),
);

const request = v.variant('name', [
  v.object({ type: v.literal('request'), id: countShape, name: v.literal('read'), params: range }),
  v.object({
    type: v.literal('request'),
    id: countShape,
    name: v.literal('edit'),
    params: v.object({
      label: cutText(100),
      immediate: v.boolean(),
      // A gesture that edits no byte would still be an edit to VS Code: a tab that is dirty for nothing.
      edits: v.pipe(v.array(edit), v.minLength(1), v.maxLength(mostEdits)),
    }),
  }),
  v.object({
    type: v.literal('request'),
    id: countShape,
    name: v.literal('copy'),
    params: v.object({ text: textUpTo(mostBytes) }),
  }),
]);

/** Longer texts are refused in words (`longestPattern`); these are no texts that somebody typed. */
const longestTyped = 64 * 1024;
const asked = v.object({
  query: findQueryShape,
  range: v.object({ offset: countShape, length: countShape }),
  beyond: v.boolean(),
  read: v.picklist(['all', 'little', 'nothing']),
});

/** More pixels and bytes than any page has. */
const rowsPlace = { top: v.pipe(v.number(), v.minValue(0), v.maxValue(10_000)), bytesPerRow: whole(1, 1024) };

const message: v.GenericSchema<unknown, FromWebview> = v.variant('type', [
  v.object({ type: v.literal('ready'), isOpen: v.exactOptional(v.boolean()) }),
  request,
  v.object({ type: v.literal('cancel'), id: countShape }),
  v.object({ type: v.literal('command'), command: v.picklist(Object.keys(commands) as HostCommand[]) }),
  v.object({
    type: v.literal('selection'),
    cursor: countShape,
    start: countShape,
    length: countShape,
    selected: countShape,
    address: cutText(100),
  }),
  v.object({
    type: v.literal('window'),
    window: v.object({ number: whole(0, mostNumber), wanted: ranges, missing: ranges, anew: v.boolean() }),
  }),
  v.object({ type: v.literal('drawn'), number: countShape }),
  v.object({ type: v.literal('begin') }),
  v.object({ type: v.literal('visible'), range }),
  v.object({ type: v.literal('rowsPlace'), ...rowsPlace }),
  v.object({ type: v.literal('scrolled'), offset: countShape }),
  v.object({ type: v.literal('view'), view: viewChoiceShape, ofName: v.exactOptional(v.boolean()) }),
  v.object({ type: v.literal('live'), hertz: liveRateShape }),
  v.object({ type: v.literal('openPlace'), offset: countShape }),
  v.object({ type: v.literal('find'), asked: v.exactOptional(asked) }),
  v.object({ type: v.literal('findInMemories'), query: findQueryShape }),
  v.object({ type: v.literal('cancelFind') }),
  v.object({ type: v.literal('toHit'), step: v.picklist([1, -1]) }),
  v.object({ type: v.literal('replaceHits'), text: textUpTo(longestTyped), all: v.boolean() }),
  v.object({
    type: v.literal('runs'),
    number: countShape,
    count: countShape,
    runs: v.pipe(v.array(v.object({ offset: countShape, length: countShape })), v.maxLength(mostRuns)),
  }),
  v.object({
    type: v.literal('timeline'),
    act: v.variant('kind', [
      v.object({ kind: v.literal('to'), at: countShape }),
      v.object({ kind: v.literal('step'), step: v.picklist([1, -1]) }),
      v.object({ kind: v.picklist(['here', 'play', 'now']) }),
    ]),
  }),
  v.object({ type: v.literal('unfreeze') }),
  v.object({ type: v.literal('failure'), message: cutText(2000) }),
]);

const requestShape = v.object({ type: v.literal('request'), id: countShape });

/** The number of a request that is not in the contract, so that it can be answered; `undefined` if it is none. */
export function requestNumber(raw: unknown): number | undefined {
  return fitting(requestShape, raw)?.id;
}

/** The message, or `undefined` if it is not in the contract. */
export function readFromPage(raw: unknown): FromWebview | undefined {
  return fitting(message, raw);
}

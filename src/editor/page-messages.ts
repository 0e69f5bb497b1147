/** Reads what the page sends. The page shows bytes of a board: what it says is checked before it is used. */
import { readCellChoice } from '../model/cells/choices.ts';
import type { ByteRange } from '../model/geometry.ts';
import { keptPages } from './delta.ts';
import type { FromWebview, HostCommand, PageEdit } from './messages.ts';

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
};

/** Bytes of one gesture, or of one request for bytes, at most. */
const mostBytes = 64 * 1024 * 1024;
const mostEdits = 1 << 20;
/** Windows are counted in 32 bits. */
const mostNumber = 0xffff_ffff;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function readRange(value: unknown): ByteRange | undefined {
  const offset = field(value, 'offset');
  const length = field(value, 'length');
  return isCount(offset) && isCount(length) && length <= mostBytes ? { offset, length } : undefined;
}

function readRanges(value: unknown): ByteRange[] | undefined {
  if (!Array.isArray(value) || value.length > keptPages) return undefined;
  const ranges = value.map(readRange).filter((range) => range !== undefined);
  return ranges.length === value.length ? ranges : undefined;
}

/** A gesture that edits no byte would still be an edit to VS Code: a tab that is dirty for nothing. */
function readEdits(value: unknown): PageEdit[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostEdits) return undefined;
  const edits: PageEdit[] = [];
  for (const item of value) {
    const offset = field(item, 'offset');
    const bytes = field(item, 'bytes');
    if (!isCount(offset) || !(bytes instanceof Uint8Array)) return undefined;
    if (bytes.length === 0 || bytes.length > mostBytes) return undefined;
    const base = field(field(item, 'seen'), 'base');
    const shown = field(field(item, 'seen'), 'shown');
    if (!(base instanceof Uint8Array) || !(shown instanceof Uint8Array)) return undefined;
    if (base.length !== bytes.length || shown.length !== bytes.length) return undefined;
    edits.push({ offset, bytes, seen: { base, shown } });
  }
  return edits;
}

/** The message, or `undefined` if it is not in the contract. */
export function readFromPage(raw: unknown): FromWebview | undefined {
  switch (field(raw, 'type')) {
    case 'ready':
      return { type: 'ready' };
    case 'request': {
      const id = field(raw, 'id');
      const params = field(raw, 'params');
      if (!isCount(id)) return undefined;
      const name = field(raw, 'name');
      if (name === 'read') {
        const range = readRange(params);
        return range && { type: 'request', id, name, params: range };
      }
      const edits = readEdits(field(params, 'edits'));
      const label = field(params, 'label');
      if (name !== 'edit' || edits === undefined || typeof label !== 'string') return undefined;
      return { type: 'request', id, name: 'edit', params: { label: label.slice(0, 100), edits } };
    }
    case 'cancel': {
      const id = field(raw, 'id');
      return isCount(id) ? { type: 'cancel', id } : undefined;
    }
    case 'command': {
      const name = field(raw, 'command');
      if (typeof name !== 'string' || !Object.hasOwn(commands, name)) return undefined;
      return { type: 'command', command: name as HostCommand };
    }
    case 'selection': {
      const cursor = field(raw, 'cursor');
      const start = field(raw, 'start');
      const length = field(raw, 'length');
      if (!isCount(cursor) || !isCount(start) || !isCount(length)) return undefined;
      return { type: 'selection', cursor, start, length };
    }
    case 'window': {
      const window = field(raw, 'window');
      const number = field(window, 'number');
      const wanted = readRanges(field(window, 'wanted'));
      const missing = readRanges(field(window, 'missing'));
      if (!isCount(number) || number > mostNumber || wanted === undefined || missing === undefined) {
        return undefined;
      }
      return { type: 'window', window: { number, wanted, missing, anew: field(window, 'anew') === true } };
    }
    case 'drawn': {
      const number = field(raw, 'number');
      return isCount(number) ? { type: 'drawn', number } : undefined;
    }
    case 'visible': {
      const range = readRange(field(raw, 'range'));
      return range && { type: 'visible', range };
    }
    case 'cells': {
      const cells = readCellChoice(field(raw, 'cells'));
      return cells && { type: 'cells', cells };
    }
    case 'failure': {
      const message = field(raw, 'message');
      return typeof message === 'string' ? { type: 'failure', message: message.slice(0, 2000) } : undefined;
    }
    default:
      return undefined;
  }
}

/** What a core has, as names and values: registers, locks, channels, and what its program keeps in data memory. */
import type { CoreRegisters } from '../board/board.ts';
import { formatTile, type Tile, wordBytes } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import { channelName, channelText, coreText, lockValue, reasonText } from '../model/status/sentences.ts';
import type { CoreMemory, CoreSpace } from './core-memory.ts';
import type { Core } from './cores.ts';
import type { CoreProgram } from './programs.ts';
import { missingText, sizeText } from './sentences.ts';
import { bytesValue, type NamedValue, typedValue } from './values.ts';

/** Bytes of a buffer that its value shows. */
const bytesShown = 16;
/** Words of the stack that are shown, those at its end. */
const mostStackWords = 256;

/** A name with its value. */
export interface CoreVariable extends NamedValue {
  /** Where its bytes lie, or what it points to, as the core knows it. */
  readonly place?: { readonly space: CoreSpace; readonly address: number };
}

/** What the lists need of their surroundings. */
export interface CoreVariableServices {
  readonly l10n: Localiser;
  /** A time of day in words. */
  clock(at: number): string;
}

/** A name with a plain text: what is no part of the program. */
function told(name: string, text: string): CoreVariable {
  return { name, value: { text, type: '' }, offset: 0 };
}

function inData(address: number): Required<Pick<CoreVariable, 'place'>> {
  return { place: { space: 'data', address } };
}

/** What was read of the core itself. */
export function coreVariables(
  { tile, status, at }: Core,
  { l10n, clock }: CoreVariableServices,
): CoreVariable[] {
  const core = status?.core;
  const list = [told(l10n.t('Tile'), formatTile(tile))];
  if (status?.reason !== undefined) list.push(told(l10n.t('State'), reasonText(status.reason, l10n)));
  if (core !== undefined) {
    list.push(told(l10n.t('State'), coreText(core, l10n)));
    for (const [name, address, space] of [
      ['PC', core.pc, 'program'],
      ['SP', core.sp, 'data'],
      ['LR', core.lr, 'program'],
    ] as const) {
      if (address === undefined) continue;
      list.push({ ...told(name, hexNumber(address, 5)), place: { space, address } });
    }
    if (core.flags.length > 0) {
      list.push(told(l10n.t('Flags'), core.flags.join(', ').replaceAll('_', ' ')));
    }
  }
  if (at !== undefined) list.push(told(l10n.t('Read at'), clock(at)));
  return list;
}

/** Registers in the order in which they are shown. */
const registerOrder = ['pc', 'sp', 'lr', 'fc', 'r', 'p', 'm', 'ls', 'le', 'lc', 'cr', 'sr'];

/** What a core that stands computes with, as an assembler names it: `r0`, `SP`. Pointers lead to their bytes. */
export function registerVariables({ reason, words }: CoreRegisters, l10n: Localiser): CoreVariable[] {
  if (reason !== undefined) return [told(l10n.t('Registers'), missingText(reason, l10n))];
  const names = new Set([...registerOrder, ...words.keys()]);
  return [...names].flatMap((name) => {
    const isNumbered = name.length === 1;
    const isPointer = name === 'p' || name === 'sp';
    return (words.get(name) ?? []).map((word, i) => ({
      ...told(isNumbered ? `${name}${i}` : name.toUpperCase(), hexNumber(word, 8)),
      ...(isPointer ? inData(word) : {}),
    }));
  });
}

export function lockVariables({ status }: Core, l10n: Localiser): CoreVariable[] {
  return (status?.locks ?? []).map((lock) => told(`${lock.index}`, lockValue(lock, l10n)));
}

export function channelVariables({ status }: Core, l10n: Localiser): CoreVariable[] {
  return (status?.channels ?? []).map((one) => told(channelName(one), channelText(one, l10n)));
}

/** The program's variables, as they are now. Rejects with BoardError. */
export async function globalVariables(
  tile: Tile,
  { info }: CoreProgram,
  memory: CoreMemory,
  l10n: Localiser,
): Promise<CoreVariable[]> {
  const known = info.globals.filter(({ size }) => size !== undefined && size > 0);
  const found = await memory.read(
    tile,
    known.map(({ address, size = 0 }) => ({ address, size })),
  );
  return known.map(({ name, scope, address, type }, i) => {
    const bytes = found[i] ?? 'elsewhere';
    const value =
      typeof bytes === 'string'
        ? { text: missingText(bytes, l10n), type: info.types.text(type) }
        : typedValue(info.types, type, bytes);
    return {
      name: scope === '' ? name : `${scope}::${name}`,
      value: { ...value, type: `${value.type} @ ${hexNumber(address, 5)}` },
      offset: 0,
      ...(bytes === 'elsewhere' ? {} : inData(address)),
    };
  });
}

/** What only symbols name: buffers that the linker placed, of no known type. */
function buffersOf({ info, symbols }: CoreProgram): CoreProgram['symbols']['buffers'] {
  const typed = new Set(info.globals.filter(({ size = 0 }) => size > 0).map(({ address }) => address));
  return symbols.buffers.filter(({ address, size }) => size > 0 && !typed.has(address));
}

/** Whether the program has buffers that no variable of it stands for. */
export function hasBuffers(program: CoreProgram): boolean {
  return buffersOf(program).length > 0;
}

/** The beginnings of those buffers, as they are now. Rejects with BoardError. */
export async function bufferVariables(
  tile: Tile,
  program: CoreProgram,
  memory: CoreMemory,
  l10n: Localiser,
): Promise<CoreVariable[]> {
  const buffers = buffersOf(program);
  const found = await memory.read(
    tile,
    buffers.map(({ address, size }) => ({ address, size: Math.min(size, bytesShown) })),
  );
  return buffers.map(({ name, address, size }, i) => {
    const bytes = found[i] ?? 'elsewhere';
    const type = `${sizeText(size, l10n)} @ ${hexNumber(address, 5)}`;
    const text = typeof bytes === 'string' ? missingText(bytes, l10n) : bytesValue(bytes, size);
    return { name, value: { text, type }, offset: 0, ...(bytes === 'elsewhere' ? {} : inData(address)) };
  });
}

/**
 * The words of the stack, the last one first: a stack grows upwards, to the stack pointer. As they are now: of a core that
 * goes on they are later than its stack pointer. Rejects with BoardError.
 */
export async function stackVariables(
  { tile, status }: Core,
  { symbols }: CoreProgram,
  memory: CoreMemory,
  l10n: Localiser,
): Promise<CoreVariable[]> {
  const { stack } = symbols;
  const sp = status?.core?.sp;
  if (stack === undefined) return [];
  const begin = stack.address;
  const used = sp === undefined ? -1 : sp - begin;
  const isInside = used >= 0 && (stack.size === 0 || used <= stack.size);
  const region: CoreVariable = {
    name: l10n.t('Region'),
    value: {
      text:
        stack.size === 0
          ? l10n.t('from {0} on', hexNumber(begin, 5))
          : l10n.t('{0} to {1}', hexNumber(begin, 5), hexNumber(begin + stack.size - 1, 5)),
      type: stack.size === 0 ? '' : sizeText(stack.size, l10n),
    },
    offset: 0,
    ...inData(begin),
  };
  if (sp === undefined) return [region];
  if (!isInside) {
    return [region, told(l10n.t('Used'), l10n.t('SP {0} is outside of the stack', hexNumber(sp, 5)))];
  }
  const text = stack.size === 0 ? sizeText(used, l10n) : l10n.t('{0} of {1} bytes', used, stack.size);
  const list = [region, told(l10n.t('Used'), text)];
  const words = Math.min(mostStackWords, Math.floor(used / wordBytes));
  if (words === 0) return list;
  const first = sp - words * wordBytes;
  const [found = 'elsewhere'] = await memory.read(tile, [{ address: first, size: words * wordBytes }]);
  if (typeof found === 'string') return [...list, told(hexNumber(first, 5), missingText(found, l10n))];
  const view = new DataView(found.buffer, found.byteOffset, found.byteLength);
  for (let i = words - 1; i >= 0; i--) {
    const address = first + i * wordBytes;
    const value = { text: hexNumber(view.getUint32(i * wordBytes, true), 8), type: '' };
    list.push({ name: hexNumber(address, 5), value, offset: 0, ...inData(address) });
  }
  return list;
}

/** Run-time parameters in the memory of a board: which of their buffers is current, and what an update writes. */
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import type { CellFormat, CellRefusal } from '../cells/format.ts';
import { formatTile, type MemoryGeometry, type TileOffset, tileStart } from '../geometry.ts';
import { type Build, contentOf, type PlacedName } from './build.ts';
import type { RunTimeParameter } from './control-config.ts';
import { type Placed, tileOf } from './placement.ts';

/** One of the two buffers of a parameter. */
export type ParameterBuffer = 'ping' | 'pong';

/** A run-time parameter with its places on a board, all of them in data memory. */
export interface PlacedParameter
  extends Pick<RunTimeParameter, 'port' | 'bytes' | 'isOutput' | 'locks'>,
    Readonly<Record<'selector' | ParameterBuffer, TileOffset>> {
  /** What its value is, where a name at one of its buffers says it. */
  readonly type?: string;
  /** What shows that. */
  readonly cells?: CellName;
}

/** Bytes of the word that says which buffer is current. */
export const selectorBytes = 4;

/** The run-time parameters of a build on a board; types are those of `names` at their buffers. */
export function placedParameters(
  build: Build,
  placed: Placed,
  names: readonly PlacedName[],
): PlacedParameter[] {
  const keyOf = ({ tile, offset }: TileOffset) => `${formatTile(tile)}+${offset}`;
  const typed = new Map(
    names.flatMap((name) => {
      const isTyped = name.memory === 'data' && name.kind === 'buffer' && name.cells !== undefined;
      return isTyped ? [[keyOf(name), name] as const] : [];
    }),
  );
  return (contentOf(build.config)?.parameters ?? []).map(
    ({ port, bytes, isOutput, locks, selector, ping, pong }) => {
      const place = (at: RunTimeParameter['ping']): TileOffset => ({
        tile: tileOf(at, placed),
        offset: at.offset,
      });
      const places = { selector: place(selector), ping: place(ping), pong: place(pong) };
      const named = typed.get(keyOf(places.ping)) ?? typed.get(keyOf(places.pong));
      const fits = named?.cells !== undefined && bytes % cellBytes(named.cells) === 0;
      return {
        port,
        bytes,
        ...(isOutput === undefined ? {} : { isOutput }),
        ...(locks === undefined ? {} : { locks }),
        ...places,
        ...(fits ? { type: named.type ?? named.cells, cells: named.cells } : {}),
      };
    },
  );
}

function cellBytes(name: CellName): number {
  return cellFormat({ name, order: 'little' }, true).bytes;
}

/** The current buffer by the word at the selector; `undefined` for a word that no update writes. */
export function currentBuffer(selector: Uint8Array): ParameterBuffer | undefined {
  if (selector.length !== selectorBytes || selector.subarray(1).some((byte) => byte !== 0)) return undefined;
  return selector[0] === 0 ? 'ping' : selector[0] === 1 ? 'pong' : undefined;
}

/** What shows the values of a parameter: the cells of its type, else hexadecimal words as large as fit. */
export function parameterCells({ cells, bytes }: Pick<PlacedParameter, 'cells' | 'bytes'>): CellName {
  return cells ?? (bytes % 4 === 0 ? 'hex32' : bytes % 2 === 0 ? 'hex16' : 'hex8');
}

/** The values of a parameter, each as its format writes it. */
export function parameterTexts(format: CellFormat, bytes: Uint8Array): string[] {
  const count = Math.floor(bytes.length / format.bytes);
  return Array.from({ length: count }, (_, i) => format.format(bytes, i * format.bytes).trim());
}

/** Why typed values cannot be taken. */
export type ParameterRefusal = CellRefusal | { readonly kind: 'count'; readonly count: number };

/** The bytes of typed values, as many as the parameter has, with blanks or commas between. */
export function parseParameter(
  format: CellFormat,
  length: number,
  typed: string,
): Uint8Array | ParameterRefusal {
  const texts = typed.split(/[\s,;]+/).filter((text) => text !== '');
  if (texts.length !== length / format.bytes) return { kind: 'count', count: length / format.bytes };
  const bytes = new Uint8Array(length);
  for (const [i, text] of texts.entries()) {
    const parsed = format.parse(text);
    if (!(parsed instanceof Uint8Array)) return parsed;
    bytes.set(parsed, i * format.bytes);
  }
  return bytes;
}

/** Buffer offset of a place of a parameter; throws RangeError outside the memory. */
export function parameterOffset(geometry: MemoryGeometry, { tile, offset }: TileOffset): number {
  return tileStart(geometry, tile) + offset;
}

/** What an update writes, in its order: the buffer that is not current, then the selector. Buffer offsets. */
export function parameterEdits(
  parameter: PlacedParameter,
  geometry: MemoryGeometry,
  current: ParameterBuffer,
  bytes: Uint8Array,
): { readonly offset: number; readonly bytes: Uint8Array }[] {
  const other = current === 'ping' ? 'pong' : 'ping';
  return [
    { offset: parameterOffset(geometry, parameter[other]), bytes },
    {
      offset: parameterOffset(geometry, parameter.selector),
      bytes: Uint8Array.of(other === 'pong' ? 1 : 0, 0, 0, 0),
    },
  ];
}

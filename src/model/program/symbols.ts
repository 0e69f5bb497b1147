/**
 * What a core's ELF names: buffers, functions, and the stack, with the sizes that the ELF or its linker files give. Linkers
 * mark buffers in three ways: as objects with a size, as objects without one at absolute addresses, and without any type in
 * a section that is not loaded. So what counts is the address: data and program share numbers, but data addresses of a
 * core begin above all of its program.
 */
import type { CellName } from '../cells/choices.ts';
import type { Generation } from '../geometry.ts';
import { clean } from '../plain.ts';
import { generationOfAddresses, isDataAddress, windowEnd } from './data-space.ts';
import type { DebugInfo } from './dwarf/debug-info.ts';
import type { ElfFile } from './elf.ts';
import { type LinkerFile, type LinkerSource, type NamedRange, programEnd } from './linker-files.ts';
import { loaded, type ProgramImage, programImage } from './program-image.ts';
import { cellsOfType } from './value-cells.ts';

/** Who said how large something is; `debug`: its type in the debug information; `next`: nobody, it goes up to what follows. */
type SizeSource = 'elf' | LinkerSource | 'debug' | 'next';

/** Something with a name at a core address. */
interface CoreSymbol extends NamedRange {
  readonly sizeFrom: SizeSource;
  /** Its type as in the source, where debug information says it. */
  readonly type?: string;
  /** What shows its values. */
  readonly cells?: CellName;
}

/** What a core's ELF names. Data addresses are core addresses, of functions offsets in program memory. */
export interface CoreSymbols {
  /** As far as the file tells: AIE-ML stands for the later ones, too. */
  readonly generation?: Generation;
  /** By address. Some lie in the memories of neighbours. */
  readonly buffers: readonly CoreSymbol[];
  readonly functions: readonly CoreSymbol[];
  /** What program memory holds once the file was loaded. */
  readonly program: ProgramImage;
  /** It grows upwards from its address. Size 0 where nobody says how large it may become. */
  readonly stack?: Omit<CoreSymbol, 'name' | 'type' | 'cells'> & {
    /** Whoever loads the file fills all of it with zeros. */
    readonly isZeroed?: true;
  };
}

/** `e_flags` of the generations. */
const generations: ReadonlyMap<number, Generation> = new Map([
  [1, 'aie'],
  [2, 'aieml'],
  [3, 'aieml'],
]);
/** Names that linkers and compilers make for themselves. */
const noise = /^(_sp_|_pc_|_[cd]tors_|_init_array_|__dso_handle$|TGT_F|ZL[A-Z]_F|\.L|__AIE_ARCH|.*__end$)/;
const stackStart = /^_sp_start(_value)?_DM_stack$/;
const stackEnd = /^_sp_end(_value)?_DM_stack$/;

/**
 * Names and sizes from an ELF and what was read of the linker files beside it, of which the earlier ones count more; types
 * from its debug information.
 */
export function coreSymbols(
  elf: ElfFile,
  linkerFiles: readonly LinkerFile[] = [],
  debug?: Pick<DebugInfo, 'globals' | 'types'>,
): CoreSymbols {
  const data = elf.symbols.filter(
    ({ type, value, name }) => (type === 'none' || type === 'object') && value >= programEnd && name !== '',
  );
  const generation =
    generations.get(elf.flags) ??
    generationOfAddresses(data.filter(({ name }) => !stackEnd.test(name)).map(({ value }) => value));
  const functions = elf.symbols
    .filter(({ type, value, name }) => type === 'function' && value < programEnd && name !== '')
    .map(({ name, value, size }) => ({ name: clean(name), address: value, size }));
  const buffers = data
    .filter(
      ({ name, value }) => !noise.test(name) && generation !== undefined && isDataAddress(generation, value),
    )
    .map(({ name, value, size }) => ({ name: clean(name), address: value, size }));
  const place = stackOf(elf, linkerFiles);
  const stack = place && { ...place, ...(isZeroed(elf, place) ? { isZeroed: true as const } : {}) };
  const ends = generation === undefined ? () => programEnd : (one: number) => windowEnd(generation, one);
  const starts = stack === undefined ? [] : [stack.address];
  return {
    ...(generation === undefined ? {} : { generation }),
    buffers: sized(buffers, linkerFiles, ends, starts, debug),
    functions: sized(functions, [], () => programEnd, []),
    program: programImage(elf),
    ...(stack === undefined ? {} : { stack }),
  };
}

/** Gives each a size: its own, a linker file's for the same name and address, or up to what follows. */
function sized(
  ranges: readonly NamedRange[],
  linkerFiles: readonly LinkerFile[],
  endOf: (address: number) => number,
  others: readonly number[],
  debug?: Pick<DebugInfo, 'globals' | 'types'>,
): CoreSymbol[] {
  const typed = typesBySymbol(debug);
  const known = new Map<string, { size: number; sizeFrom: SizeSource }>();
  for (const { source, buffers } of [...linkerFiles].reverse()) {
    for (const { name, address, size } of buffers)
      known.set(`${address} ${name}`, { size, sizeFrom: source });
  }
  const starts = [...new Set([...ranges.map(({ address }) => address), ...others])].sort((a, b) => a - b);
  const following = new Map(starts.map((start, i) => [start, starts[i + 1]] as const));
  return [...ranges]
    .sort((a, b) => a.address - b.address || b.size - a.size)
    .map((range) => {
      const { size, ...type } = typed.get(`${range.address} ${range.name}`) ?? {};
      if (range.size > 0) return { ...range, ...type, sizeFrom: 'elf' };
      const said = known.get(`${range.address} ${range.name}`);
      if (said !== undefined) return { ...range, ...type, ...said };
      if (size !== undefined) return { ...range, ...type, size, sizeFrom: 'debug' };
      const end = Math.min(following.get(range.address) ?? Number.POSITIVE_INFINITY, endOf(range.address));
      return { ...range, ...type, size: end - range.address, sizeFrom: 'next' };
    });
}

/** What debug information says of each variable, by its address and the name that linkers know. */
function typesBySymbol(
  debug: Pick<DebugInfo, 'globals' | 'types'> | undefined,
): Map<string, Partial<Pick<CoreSymbol, 'size' | 'type' | 'cells'>>> {
  const typed = new Map<string, Partial<Pick<CoreSymbol, 'size' | 'type' | 'cells'>>>();
  for (const { address, linkageName, size, type } of debug?.globals ?? []) {
    const cells = debug && cellsOfType(debug.types, type);
    typed.set(`${address} ${clean(linkageName)}`, {
      ...(size === undefined || size === 0 ? {} : { size }),
      type: clean(debug?.types.text(type) ?? ''),
      ...(cells === undefined ? {} : { cells }),
    });
  }
  return typed;
}

function stackOf({ symbols }: ElfFile, linkerFiles: readonly LinkerFile[]): CoreSymbols['stack'] {
  const start = symbols.find(({ name }) => stackStart.test(name))?.value;
  const end = symbols.find(({ name }) => stackEnd.test(name))?.value;
  if (start !== undefined && end !== undefined && end > start) {
    return { address: start, size: end - start, sizeFrom: 'elf' };
  }
  const said = linkerFiles.find(
    ({ stack }) => stack !== undefined && (start === undefined || stack.address === start),
  );
  if (said?.stack !== undefined) return { ...said.stack, sizeFrom: said.source };
  return start === undefined ? undefined : { address: start, size: 0, sizeFrom: 'next' };
}

/** Whether a segment without bytes in the file covers a range. */
function isZeroed({ segments }: ElfFile, { address, size }: Pick<NamedRange, 'address' | 'size'>): boolean {
  const covers = ({ type, address: from, size: length, bytes }: ElfFile['segments'][number]) =>
    type === loaded && address >= from + bytes.length && address + size <= from + length;
  return size > 0 && segments.some(covers);
}

/** The disassembly of a core's program as lines of text, with the bytes of memory and the lines of the source between. */
import type { Localiser } from '../model/localiser.ts';
import { hexDigits, hexPairs } from '../model/numbers.ts';
import { cleanLine } from '../model/plain.ts';
import type { Instruction } from '../model/program/listing.ts';
import type { CoreProgram } from './programs.ts';

/** A line; of an instruction with the program bytes that it stands in. */
export interface DisassemblyLine {
  readonly text: string;
  readonly address?: number;
  /** Bytes. */
  readonly length?: number;
}

/** What the lines are made of, beside the instructions. */
export interface DisassemblySources {
  readonly program: CoreProgram;
  /** Bytes of program memory as they were read; undefined where one of them was not. */
  readonly bytes: (offset: number, length: number) => Uint8Array | undefined;
  /** A line of a source file, counted from 1; undefined where the file is not here. */
  readonly source: (file: string, line: number) => string | undefined;
  readonly l10n: Localiser;
}

/** The longest instruction of any generation, bytes. */
const longest = 16;
const widthOfBytes = 3 * longest - 1;

/**
 * All lines. Above the first instruction of a function stands its name, above the first one of a line of the source that line,
 * where it is another one than before.
 */
export function disassemblyLines(
  listing: readonly Instruction[],
  { program, bytes, source, l10n }: DisassemblySources,
): DisassemblyLine[] {
  const lines: DisassemblyLine[] = [];
  let place = '';
  for (const [i, { address, text }] of listing.entries()) {
    const next = listing[i + 1]?.address ?? address + longest;
    const length = Math.min(longest, next - address);
    const entered = program.callsAt(address).at(-1)?.name ?? '';
    const before = i === 0 ? '' : (program.callsAt(address - 1).at(-1)?.name ?? '');
    if (entered !== '' && entered !== before) {
      if (i > 0) lines.push({ text: '' });
      lines.push({ text: `${cleanLine(entered)}:` });
      place = '';
    }
    const at = program.info.placeAt(address);
    const here = at === undefined || at.file === '' ? '' : `${at.file}:${at.line}`;
    if (at !== undefined && here !== '' && here !== place) {
      const written = cleanLine(source(at.file, at.line)?.trim() ?? '');
      const name = cleanLine(`${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line}`);
      lines.push({ text: written === '' ? `  ; ${name}` : `  ; ${name}  ${written}` });
    }
    place = here;
    const there = bytes(address, length);
    const shown = there === undefined ? l10n.t('not read') : hexPairs(there);
    const head = hexDigits(address, 4);
    lines.push({ text: `    ${head}  ${shown.padEnd(widthOfBytes)}  ${cleanLine(text)}`, address, length });
  }
  return lines;
}

/** The index of the line with the instruction at an address, or the one that the address lies in; -1 without one. */
export function lineAt(lines: readonly DisassemblyLine[], address: number): number {
  return lines.findIndex(
    (line) =>
      line.address !== undefined && address >= line.address && address < line.address + (line.length ?? 1),
  );
}

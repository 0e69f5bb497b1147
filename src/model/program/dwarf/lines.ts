/** Line tables (.debug_line, versions 2 to 5): which source line each address was made from. */

import { Budget, type Cursor } from './cursor.ts';
import { DebugFault } from './faults.ts';
import { readNumber, skipForm } from './forms.ts';
import { joinPath } from './paths.ts';
import type { AddressRange } from './ranges.ts';
import type { DebugSections } from './sections.ts';
import { SequenceIndex } from './sequences.ts';

const section = '.debug_line';
/** More than any source file has: greater numbers, and negative ones, are damage. */
const mostLines = 2 ** 31;

/** Rows of one program, one and more for each byte of the largest program memory, 64 KiB, and the like of sequences. */
const mostRows = 2 ** 20;
const mostSequences = 2 ** 16;
/** Files of one program, each as often as tables name it. */
const mostFiles = 2 ** 18;

/** What the line tables of one program may hold together. */
export class LineLimits {
  readonly rows = new Budget(mostRows);
  readonly sequences = new Budget(mostSequences);
  readonly files = new Budget(mostFiles);
}

/** A run of addresses without a gap, with rows in the order of their addresses. */
interface Sequence extends AddressRange {
  readonly firstRow: number;
  /** Behind its last row. */
  readonly endRow: number;
}

/** A place in a source file. Lines and columns count from 1; 0 is "none": the compiler made the code. */
export interface SourcePlace {
  /** Path as the compiler knew it; empty where it is not known. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Numbers of a line program's instructions (DWARF 5, 6.2.5). */
const standard = {
  extended: 0,
  copy: 1,
  advanceAddress: 2,
  advanceLine: 3,
  file: 4,
  column: 5,
  negateStatement: 6,
  basicBlock: 7,
  addConstant: 8,
  addFixed: 9,
  prologueEnd: 10,
  epilogueBegin: 11,
  instructionSet: 12,
} as const;
const extended = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;
/** What an entry of a version 5 file table holds. */
const contents = { path: 1, folder: 2 } as const;

/** What stands before a line program. */
interface Header {
  readonly version: number;
  readonly minimumInstruction: number;
  readonly operationsPerInstruction: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly firstSpecial: number;
  /** Numbers behind each instruction, by its number less 1. */
  readonly operands: readonly number[];
}

/** The line table of a unit. */
export class LineTable {
  readonly version: number;
  /** Paths by their number in the table: absolute, or relative to what the compiler did not say. */
  readonly files: readonly string[];
  readonly #sequences: SequenceIndex<Sequence>;
  readonly #rows: Rows;

  constructor(version: number, files: readonly string[], rows: Rows, sequences: readonly Sequence[]) {
    this.version = version;
    this.files = files;
    this.#sequences = new SequenceIndex(sequences);
    this.#rows = rows;
  }

  /** The addresses that it has places of, by the first one; ranges may overlap. */
  get covered(): readonly AddressRange[] {
    return this.#sequences.covered;
  }

  /**
   * The place of the address. Of sequences that begin alike the one that ends nearest to `high`, where the function at the
   * address ends: the others are code that a linker left out.
   */
  placeAt(address: number, high: number | undefined): SourcePlace | undefined {
    const sequence = this.#sequences.at(address, high);
    if (sequence === undefined) return undefined;
    const row = this.#rowAt(sequence, address);
    return {
      file: this.files[this.#rows.files[row] ?? 0] ?? '',
      line: this.#rows.lines[row] ?? 0,
      column: this.#rows.columns[row] ?? 0,
    };
  }

  /** File and line of each row. */
  *rows(): Generator<{ readonly file: string; readonly line: number }> {
    const { files, lines } = this.#rows;
    for (const [row, line] of lines.entries()) yield { file: this.files[files[row] ?? 0] ?? '', line };
  }

  /** Each run of rows of one line: its first address. Of a sequence in the order of addresses. */
  *runs(): Generator<{ readonly file: string; readonly line: number; readonly address: number }> {
    const { addresses, files, lines } = this.#rows;
    for (const { firstRow, endRow } of this.#sequences.sequences) {
      let before = -1;
      for (let row = firstRow; row < endRow; row++) {
        // Of rows of one address the last one counts.
        if (row + 1 < endRow && addresses[row + 1] === addresses[row]) continue;
        const isNew = before < 0 || files[row] !== files[before] || lines[row] !== lines[before];
        before = row;
        if (!isNew) continue;
        const file = this.files[files[row] ?? 0] ?? '';
        yield { file, line: lines[row] ?? 0, address: addresses[row] ?? 0 };
      }
    }
  }

  /** The last row at or before the address. */
  #rowAt({ firstRow, endRow }: Sequence, address: number): number {
    let low = firstRow;
    let high = endRow - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#rows.addresses[middle] ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Rows of a line table, column by column. */
class Rows {
  readonly addresses: number[] = [];
  readonly files: number[] = [];
  readonly lines: number[] = [];
  readonly columns: number[] = [];

  get count(): number {
    return this.addresses.length;
  }

  add(address: number, file: number, line: number, column: number): void {
    this.addresses.push(address);
    this.files.push(file);
    this.lines.push(line > 0 && line < mostLines ? line : 0);
    this.columns.push(column);
  }

  /** Brings rows from `first` on into the order of their addresses; equal ones stay as they are. */
  sort(first: number): void {
    const { addresses } = this;
    let sorted = true;
    for (let i = first + 1; i < addresses.length && sorted; i++) {
      sorted = (addresses[i - 1] ?? 0) <= (addresses[i] ?? 0);
    }
    if (sorted) return;
    const order = Array.from({ length: addresses.length - first }, (_, i) => first + i);
    order.sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0) || a - b);
    for (const column of [addresses, this.files, this.lines, this.columns]) {
      const values = order.map((row) => column[row] ?? 0);
      for (const [i, value] of values.entries()) column[first + i] = value;
    }
  }

  cutTo(count: number): void {
    for (const column of [this.addresses, this.files, this.lines, this.columns]) column.length = count;
  }
}

/**
 * The table at the offset, of a unit that was compiled in `folder`. Of a damaged table the sequences before the fault,
 * which `onFault` is told; throws `DebugFault` where not even the list of files can be read.
 */
export function readLineTable(
  sections: DebugSections,
  offset: number,
  unit: { readonly folder: string; readonly textOffsetsBase: number },
  limits: LineLimits,
  onFault: (fault: DebugFault) => void,
): LineTable {
  const outer = sections.cursor(section, offset);
  const end = outer.unitEnd();
  const cursor = outer.part(outer.at, end);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.fault('version', version);
  if (version >= 5) {
    const addressBytes = cursor.u8();
    if (addressBytes !== 4) throw cursor.fault('address-size', addressBytes);
    cursor.skip(1);
  }
  const headerLength = cursor.u32();
  const program = cursor.at + headerLength;
  const minimumInstruction = cursor.u8();
  const operationsPerInstruction = version >= 4 ? cursor.u8() : 1;
  cursor.skip(1);
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const firstSpecial = cursor.u8();
  const operands = Array.from({ length: Math.max(0, firstSpecial - 1) }, () => cursor.u8());
  const header = {
    version,
    minimumInstruction,
    operationsPerInstruction: Math.max(1, operationsPerInstruction),
    lineBase,
    lineRange: Math.max(1, lineRange),
    firstSpecial,
    operands,
  };
  const list =
    version >= 5
      ? newFiles(cursor, sections, limits, unit.textOffsetsBase, unit.folder)
      : oldFiles(cursor, limits, unit.folder);
  const rows = new Rows();
  const sequences: Sequence[] = [];
  try {
    runProgram(cursor.part(program, end), header, list, sections, limits, rows, sequences);
  } catch (error) {
    if (!(error instanceof DebugFault)) throw error;
    onFault(error);
  }
  return new LineTable(version, list.files, rows, sequences);
}

/** The files of a table, and the folders that later ones of versions 2 to 4 may lie in. */
interface FileList {
  readonly folders: readonly string[];
  readonly files: string[];
}

/** Folders and files of versions 2 to 4; file 0 is not used, folder 0 is that of the compilation. */
function oldFiles(cursor: Cursor, limits: LineLimits, folder: string): FileList {
  const next = (): string => {
    limits.files.spend(1, section, cursor.at);
    return cursor.text();
  };
  const folders = [folder];
  for (let path = next(); path !== ''; path = next()) folders.push(joinPath(folder, path));
  const files = [''];
  for (let path = next(); path !== ''; path = next()) files.push(oldFile(cursor, folders, path));
  return { folders, files };
}

/** The rest of a file's entry: its folder, time and length. */
function oldFile(cursor: Cursor, folders: readonly string[], path: string): string {
  const folder = folders[cursor.uleb()] ?? '';
  cursor.skipLeb();
  cursor.skipLeb();
  return joinPath(folder, path);
}

/** Folders and files of version 5: as many columns as the table says. */
function newFiles(
  cursor: Cursor,
  sections: DebugSections,
  limits: LineLimits,
  textOffsetsBase: number,
  unitFolder: string,
): FileList {
  const table = (): { path: string; folder: number }[] => {
    const columns = Array.from({ length: cursor.u8() }, () => [cursor.uleb(), cursor.uleb()] as const);
    const count = cursor.uleb();
    const all: { path: string; folder: number }[] = [];
    for (let i = 0; i < count; i++) {
      sections.budget.spend(1 + columns.length, section, cursor.at);
      limits.files.spend(1, section, cursor.at);
      let path = '';
      let folder = 0;
      for (const [content, form] of columns) {
        if (content === contents.path) {
          const start = cursor.at;
          path = sections.text(cursor, form, textOffsetsBase) ?? '';
          if (cursor.at === start) skipForm(cursor, form);
        } else if (content === contents.folder) folder = readNumber(cursor, form) ?? 0;
        else skipForm(cursor, form);
      }
      all.push({ path, folder });
    }
    return all;
  };
  const folders = table().map(({ path }) => path);
  const base = joinPath(unitFolder, folders[0] ?? '');
  const files = table().map(({ path, folder }) => joinPath(joinPath(base, folders[folder] ?? ''), path));
  return { folders, files };
}

/** Runs the program: each sequence that ends is added with its rows; rows of one that does not end are dropped. */
function runProgram(
  cursor: Cursor,
  header: Header,
  { folders, files }: FileList,
  sections: DebugSections,
  limits: LineLimits,
  rows: Rows,
  sequences: Sequence[],
): void {
  const { minimumInstruction, operationsPerInstruction, lineBase, lineRange, firstSpecial } = header;
  let address = 0;
  let operation = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let firstRow = 0;
  const advance = (operations: number): void => {
    if (operationsPerInstruction === 1) address += operations * minimumInstruction;
    else {
      const sum = operation + operations;
      address += Math.floor(sum / operationsPerInstruction) * minimumInstruction;
      operation = sum % operationsPerInstruction;
    }
  };
  const addRow = (): void => {
    limits.rows.spend(1, section, cursor.at);
    rows.add(address, file, line, column);
  };
  const endSequence = (): void => {
    rows.sort(firstRow);
    const low = rows.addresses[firstRow];
    // Linkers give code that they left out the last address.
    if (low !== undefined && low < address && address <= 2 ** 32) {
      limits.sequences.spend(1, section, cursor.at);
      sequences.push({ low, high: address, firstRow, endRow: rows.count });
    } else rows.cutTo(firstRow);
    firstRow = rows.count;
    address = 0;
    operation = 0;
    file = 1;
    line = 1;
    column = 0;
  };
  try {
    while (cursor.at < cursor.end) {
      sections.budget.spend(1, section, cursor.at);
      const code = cursor.u8();
      if (code >= firstSpecial) {
        const adjusted = code - firstSpecial;
        advance(Math.floor(adjusted / lineRange));
        line += lineBase + (adjusted % lineRange);
        addRow();
        continue;
      }
      switch (code) {
        case standard.extended: {
          const length = cursor.uleb();
          const next = cursor.at + length;
          const inner = cursor.part(cursor.at, next);
          if (next > cursor.end) throw cursor.fault('ends-early');
          if (length > 0) {
            const what = inner.u8();
            if (what === extended.endSequence) endSequence();
            else if (what === extended.setAddress) {
              address = inner.u32();
              operation = 0;
            } else if (what === extended.defineFile) {
              files.push(oldFile(inner, folders, inner.text()));
            }
          }
          cursor.at = next;
          break;
        }
        case standard.copy:
          addRow();
          break;
        case standard.advanceAddress:
          advance(cursor.uleb());
          break;
        case standard.advanceLine:
          line += cursor.sleb();
          break;
        case standard.file:
          file = cursor.uleb();
          break;
        case standard.column:
          column = cursor.uleb();
          break;
        case standard.negateStatement:
        case standard.basicBlock:
        case standard.prologueEnd:
        case standard.epilogueBegin:
          break;
        case standard.addConstant:
          advance(Math.floor((255 - firstSpecial) / lineRange));
          break;
        case standard.addFixed:
          address += cursor.u16();
          operation = 0;
          break;
        case standard.instructionSet:
          cursor.skipLeb();
          break;
        default:
          for (let i = 0; i < (header.operands[code - 1] ?? 0); i++) cursor.skipLeb();
      }
    }
  } finally {
    rows.cutTo(firstRow);
  }
}

/**
 * Debug information (DWARF 4) of programs that are short, but ask for far more than they hold, as no compiler writes it.
 * Written from the standard; must not use the reader.
 */
import { Writer } from './dwarf.ts';

/** How often the program has what. */
export interface Swelling {
  /** Functions; all have the same list of ranges. */
  readonly functions: number;
  /** Ranges of that list, one byte each, from 0 on. */
  readonly ranges: number;
  /** Sequences of the line table, all at 0. */
  readonly sequences?: number;
  /** Rows of each sequence, all of line 1 of `/src/k.cc`. */
  readonly rows?: number;
  /** Files of the line table beside `k.cc`. */
  readonly files?: number;
  /** Letters of the folder's name, which stands in the unit's entry. */
  readonly folderLength?: number;
  /** Blocks behind the functions, each in the one before. */
  readonly depth?: number;
  /** Letters of the name that all functions have; none if they have no name. */
  readonly nameLength?: number;
}

/** The sections of the program. */
export function swollen({
  functions,
  ranges,
  sequences = 1,
  rows = 1,
  files = 0,
  folderLength = 3,
  depth = 0,
  nameLength = 0,
}: Swelling): {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}[] {
  return [
    section('.debug_abbrev', (to) => {
      for (const byte of [1, 0x11, 1, 0x10, 0x17, 0x11, 0x01, 0x1b, 0x08, 0, 0]) to.u8(byte);
      for (const byte of [2, 0x2e, 0, 0x55, 0x17, 0, 0]) to.u8(byte);
      for (const byte of [3, 0x2e, 0, 0x55, 0x17, 0x03, 0x0e, 0, 0]) to.u8(byte);
      for (const byte of [4, 0x0b, 1, 0, 0, 0]) to.u8(byte);
    }),
    section('.debug_info', (to) =>
      to.unit(() => {
        to.u16(4);
        to.u32(0);
        to.u8(4);
        to.u8(1);
        to.u32(0);
        to.u32(0);
        to.text(`/${'src'.repeat(folderLength / 3)}`);
        for (let i = 0; i < functions; i++) {
          to.u8(nameLength === 0 ? 2 : 3);
          to.u32(0);
          if (nameLength > 0) to.u32(0);
        }
        for (let i = 0; i < depth; i++) to.u8(4);
        for (let i = 0; i <= depth; i++) to.u8(0);
      }),
    ),
    section('.debug_ranges', (to) => {
      for (let i = 0; i < ranges; i++) {
        to.u32(i);
        to.u32(i + 1);
      }
      to.u32(0);
      to.u32(0);
    }),
    section('.debug_str', (to) => to.text('a'.repeat(nameLength))),
    section('.debug_line', (to) => to.unit(() => writeLines(to, sequences, rows, files))),
  ];
}

function writeLines(to: Writer, sequences: number, rows: number, files: number): void {
  const header = new Writer();
  // Instructions of 1 byte; special instruction 10 adds a row and moves nothing.
  for (const byte of [1, 1, 1, 0, 1, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0]) header.u8(byte);
  for (let file = 0; file <= files; file++) {
    header.text(file === 0 ? 'k.cc' : 'f');
    for (let i = 0; i < 3; i++) header.u8(0);
  }
  header.u8(0);
  to.u16(4);
  to.u32(header.at);
  for (const byte of header.bytes) to.u8(byte);
  for (let sequence = 0; sequence < sequences; sequence++) {
    for (let row = 0; row < rows; row++) to.u8(10);
    // On to where a constant leads, and the end.
    for (const byte of [8, 0, 1, 1]) to.u8(byte);
  }
}

function section(name: string, write: (to: Writer) => void) {
  const to = new Writer();
  write(to);
  return { name, bytes: Uint8Array.from(to.bytes) };
}

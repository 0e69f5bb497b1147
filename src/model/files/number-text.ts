/**
 * Numbers in text: columns as AI Engine simulators and tests write them (`T 123 ns` before a line, `TLAST`), the
 * simulator's CSV files (CMD, D, TLAST, TKEEP, stalls, comments, time stamps), and plain CSV. Knows no types: numbers stay texts.
 */
import { FileError } from './file-error.ts';
import { type FileNumbers, mostNumbers } from './file-numbers.ts';

/** The numbers of a text. */
interface TextNumbers extends FileNumbers {
  readonly values: readonly string[];
  readonly lines: readonly number[];
  /** How many packets the stream had: 1, and one more for each `TLAST` with something after its packet. */
  readonly packets: number;
}

const number = String.raw`[+-]?(?:0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)`;
/** Longer words are no numbers; what is not read cannot take long, either. */
const longestWord = 400;
const oneNumber = new RegExp(`^${number}$`, 'i');
/** Real and imaginary part in one word. */
const complexNumber = new RegExp(`^(${number})([+-]${number.slice('[+-]?'.length)})[ij]$`, 'i');
const timeLine = /^T\s+\d+(?:\.\d+)?\s*(?:[pnum]?s)$/i;

/** Bits as memory dumps write them, without `0x`: all words of a file have one length. */
const bareHex = /^(?:[0-9a-f]{2}|[0-9a-f]{4}|[0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{32})$/i;

/** Words of a line. */
interface Row {
  readonly texts: readonly string[];
  readonly line: number;
}
const noRow: Row = { texts: [], line: 0 };

/** Collects numbers with their lines. */
class Numbers {
  readonly values: string[] = [];
  readonly lines: number[] = [];
  /** A first row that can be a heading of names and can be bits. */
  #first: Row = noRow;
  /** The first word that is a number only as hexadecimal digits. */
  #hex: { readonly text: string; readonly line: number } | undefined;

  add(word: string, line: number): void {
    const isShort = word.length <= longestWord;
    if (isShort && oneNumber.test(word)) {
      this.#push(word, line);
      return;
    }
    const [, real, imaginary] = (isShort ? complexNumber.exec(word) : null) ?? [];
    if (real === undefined || imaginary === undefined) {
      // It is a number if all others are written in the same way.
      const others = this.#hex === undefined ? this.values : [this.#hex.text];
      if (!bareHex.test(word) || others.some((other) => !isLike(other, word))) throw noNumber(word, line);
      this.#hex ??= { text: word, line };
      this.#push(word, line);
      return;
    }
    this.#push(real, line);
    this.#push(imaginary, line);
  }

  /** Takes a first row of bits, all of one length, that reads as names, too; what follows tells. */
  addFirst(words: readonly string[], line: number): void {
    this.#first = { texts: words, line };
  }

  /**
   * All of them, once there are no more. Throws FileError `no-number` if some were hexadecimal digits and others were not,
   * `heading-unclear` if nothing tells whether the first row is a heading.
   */
  end(): { readonly values: readonly string[]; readonly lines: readonly number[] } {
    const first = this.#bits;
    const values = [...first.texts, ...this.values];
    const lines = [...first.texts.map(() => first.line), ...this.lines];
    if (values.length > mostNumbers) throw new FileError('file-too-large', { most: mostNumbers });
    const hex = first.texts[0] === undefined ? this.#hex : { text: first.texts[0], line: first.line };
    if (hex === undefined) return { values, lines };
    if (values.some((other) => !isLike(other, hex.text))) throw noNumber(hex.text, hex.line);
    return { values: values.map((word) => `0x${word}`), lines };
  }

  /**
   * The first row where it is bits: all that follows is written as it is and something of it is no decimal number. No words where
   * it is a heading.
   */
  get #bits(): Row {
    const [text] = this.#first.texts;
    const { line } = this.#first;
    if (text === undefined) return noRow;
    if (this.values.some((other) => !isLike(other, text))) {
      if (this.#hex !== undefined) throw noNumber(text, line);
      return noRow;
    }
    // Nobody writes decimal numbers with zeros in front.
    const isSure = this.#hex !== undefined || this.values.some((other) => other.startsWith('0'));
    if (this.values.length > 0 && !isSure) throw new FileError('heading-unclear', { line, text });
    return this.#first;
  }

  #push(text: string, line: number): void {
    if (this.values.length >= mostNumbers) throw new FileError('file-too-large', { most: mostNumbers });
    this.values.push(text);
    this.lines.push(line);
  }
}

function noNumber(word: string, line: number): FileError {
  return new FileError('no-number', { line, text: word.slice(0, 40) });
}

/** Whether both are hexadecimal digits, as many. */
function isLike(one: string, other: string): boolean {
  return one.length === other.length && bareHex.test(one);
}

/** Which columns of a simulator's CSV file hold what. */
interface Columns {
  readonly data: readonly number[];
  /** -1 where the file has none: then each row has data. */
  readonly command: number;
  /** -1 where the file has none. */
  readonly last: number;
  /** Likewise. */
  readonly keep: number;
}

/** The columns that the first line of a simulator's CSV file names; undefined for another line. */
function columnsOf(row: string): Columns | undefined {
  const names = cellsOf(row).map((name) => name.toUpperCase());
  const data = names.flatMap((name, i) => (/^D\d*$/.test(name) ? [i] : []));
  const [command, last, keep] = [names.indexOf('CMD'), names.indexOf('TLAST'), names.indexOf('TKEEP')];
  return command < 0 && (last < 0 || data.length === 0) ? undefined : { data, command, last, keep };
}

/** The cells of a row, without the quotes that spreadsheets put around some. */
function cellsOf(row: string): string[] {
  return row.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

/** The words of a row that is no simulator's CSV. */
function wordsOf(row: string): string[] {
  return row.split(/[\s,;()"]+/).filter((word) => word !== '');
}

/**
 * Reads numbers from text. Throws FileError `no-number`, `heading-unclear`, `csv-row`, `csv-keep`, `file-too-large` or
 * `file-empty`.
 */
export function readNumberText(text: string): TextNumbers {
  const numbers = new Numbers();
  let packets = 1;
  let isPacketOver = false;
  let columns: Columns | undefined;
  let isFirst = true;
  const add = (words: readonly string[], line: number): void => {
    if (isPacketOver) packets++;
    isPacketOver = false;
    for (const word of words) numbers.add(word, line);
  };
  let isLast = false;
  let line = 0;
  for (let at = 0; at < text.length; line++) {
    const end = text.indexOf('\n', at);
    const raw = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    const row = raw.replace(/^\ufeff/, '').trim();
    if (row === '' || row.startsWith('#') || row.startsWith('//') || timeLine.test(row)) continue;
    if (isFirst) {
      isFirst = false;
      columns = columnsOf(row);
      if (columns !== undefined) continue;
      // A heading of names, as spreadsheets have it, or bits: no heading has names of eight such letters.
      const [name = '', ...names] = wordsOf(row);
      const isHex = bareHex.test(name) && names.every((other) => isLike(other, name));
      if (/^["a-z_]/i.test(row) && row !== 'TLAST' && !/^(?:inf|nan)/i.test(row)) {
        if (isHex && name.length < 8) numbers.addFirst([name, ...names], line + 1);
        if (!isHex || name.length < 8) continue;
      }
    }
    if (columns !== undefined) {
      isPacketOver = addCommand(cellsOf(row), columns, line + 1, add) || isPacketOver;
      continue;
    }
    // The packet ends with the next line of numbers.
    if (row.toUpperCase() === 'TLAST') {
      isLast = true;
      continue;
    }
    add(wordsOf(row), line + 1);
    isPacketOver = isLast;
    isLast = false;
  }
  const { values, lines } = numbers.end();
  if (values.length === 0) throw new FileError('file-empty');
  return { values, lines, packets };
}

/** One row of a simulator's CSV file; true if it ends a packet. */
function addCommand(
  cells: readonly string[],
  columns: Columns,
  line: number,
  add: (words: readonly string[], line: number) => void,
): boolean {
  const said = columns.command < 0 ? 'DATA' : (cells[columns.command] ?? '').slice(0, 1000);
  const [, command, digits = '1'] =
    /^(DATA|STALL|COMMENT)(?:\s*:\s*(\d{1,10}))?$/i.exec(said) ?? /^(COMMENT)\b/i.exec(said) ?? [];
  if (command === undefined) throw new FileError('csv-row', { line, text: said.slice(0, 40) });
  if (command.toUpperCase() !== 'DATA') return false;
  const keep = (cells[columns.keep] ?? '').slice(0, 40);
  // -1: all bytes. How many bytes a value has is not said: which values a part of them is, is not known.
  if (!['', '-1', '0'].includes(keep)) throw new FileError('csv-keep', { line, text: keep });
  if (keep === '0') return cells[columns.last] === '1';
  const words = columns.data.map((column) => cells[column] ?? '').filter((word) => word !== '');
  if (Number(digits) * words.length > mostNumbers)
    throw new FileError('file-too-large', { most: mostNumbers });
  // A row without numbers stays one, however often it is repeated.
  const times = words.length === 0 ? 1 : Number(digits);
  for (let count = 0; count < times; count++) add(words, line);
  return cells[columns.last] === '1';
}

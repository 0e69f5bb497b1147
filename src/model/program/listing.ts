/**
 * The instructions of a core's program, as a disassembler wrote them: `llvm-objdump -d`, or the `.lst` that aiecompiler keeps
 * beside an ELF. Lines of other kinds are passed over: labels, loops, headings.
 */
import { clean } from '../plain.ts';

/** An instruction, which is a bundle of operations. */
export interface Instruction {
  /** Program address. */
  readonly address: number;
  readonly text: string;
}

/** Who wrote a listing. */
export type ListingSource = 'objdump' | 'lst';

/** More instructions than any program memory has. */
const mostInstructions = 65_536;
/** Longer lines are passed over. */
const longestLine = 4096;

/** `     250: 15 01 40 00   <tab>mova r0, #5`; without the bytes where they were not asked for. */
const objdumpLine = /^\s*([0-9a-f]{1,8}):[ \t]+(?:(?:[0-9a-f]{2,8} )+[ \t]*\t)?(\S.*)$/i;
/** `     592    VLDA wl0, [p1], #128;   NOPB`: a decimal address, in most files the instruction's bits, then what it does. */
const lstLine = /^\s*(\d{1,8})\s+(?:(?=[a-fA-F]*\d)(?:0x)?[0-9a-fA-F]{2,}\s+)*([A-Za-z.].*)$/;

/** The instructions of a listing, by address; of several at one address the first. */
export function readListing(text: string, source: ListingSource): Instruction[] {
  const [pattern, base] = source === 'objdump' ? [objdumpLine, 16] : [lstLine, 10];
  const found = new Map<number, Instruction>();
  for (const line of text.split('\n')) {
    if (line.length > longestLine || found.size >= mostInstructions) continue;
    const [, digits, operations] = pattern.exec(line.trimEnd()) ?? [];
    if (digits === undefined || operations === undefined) continue;
    const address = Number.parseInt(digits, base);
    if (!found.has(address)) {
      found.set(address, { address, text: clean(operations.replace(/\s+/g, ' ')) });
    }
  }
  return [...found.values()].sort((a, b) => a.address - b.address);
}

/**
 * `count` instructions, of which number `-first` is the one that has `address`; `undefined` where there is none. A program
 * has no instruction before its first one and behind its last one.
 */
export function instructionsAround(
  all: readonly Instruction[],
  address: number,
  first: number,
  count: number,
): (Instruction | undefined)[] {
  const at = all.findLastIndex((one) => one.address <= address);
  return Array.from({ length: count }, (_, i) => all[at + first + i]);
}

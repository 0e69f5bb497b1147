/** What .debug_frame says of a function's stack: where its frame begins, and where its caller's address is kept. */
import type { Cursor } from './cursor.ts';
import { DebugFault } from './faults.ts';
import type { DebugSections } from './sections.ts';

const section = '.debug_frame';

/** Where the address is kept that the function returns to. */
type ReturnPlace =
  /** Where it was at the call: in the link register. */
  | { readonly kind: 'unchanged' }
  /** In the memory at this many bytes from the base of the stack frame. */
  | { readonly kind: 'memory'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'unknown' };

/** How to get from an address of a function to its caller. Registers have the compiler's numbers. */
export interface UnwindStep {
  /**
   * Base of the stack frame: what the register holds, plus the offset in bytes. Stacks that grow upwards have a negative one,
   * the bytes that the function has pushed. Undefined where it is no register with an offset.
   */
  readonly base?: { readonly register: number; readonly offset: number };
  readonly returnTo: ReturnPlace;
}

/** What is common to functions of a unit. */
interface Common {
  readonly codeFactor: number;
  readonly dataFactor: number;
  readonly returnColumn: number;
  readonly start: number;
  readonly end: number;
}

/** One function's instructions. */
interface Description {
  readonly low: number;
  readonly high: number;
  readonly common: Common;
  readonly start: number;
  readonly end: number;
}

/** State of the instructions. */
interface Step {
  register: number | undefined;
  offset: number;
  returnTo: ReturnPlace;
}

const commonMark = 0xffff_ffff;
const mostRemembered = 64;
/** Entries of one program: more than its memory has bytes. */
const mostDescriptions = 2 ** 17;
/** Numbers of call frame instructions (DWARF 5, table 7.29). The upper two bits of the first three hold a number. */
const codes = {
  advance: 0x40,
  offset: 0x80,
  restore: 0xc0,
  nothing: 0x00,
  setAddress: 0x01,
  advance1: 0x02,
  advance2: 0x03,
  advance4: 0x04,
  offsetExtended: 0x05,
  restoreExtended: 0x06,
  undefined: 0x07,
  sameValue: 0x08,
  register: 0x09,
  rememberState: 0x0a,
  restoreState: 0x0b,
  base: 0x0c,
  baseRegister: 0x0d,
  baseOffset: 0x0e,
  baseExpression: 0x0f,
  expression: 0x10,
  offsetExtendedSigned: 0x11,
  baseSigned: 0x12,
  baseOffsetSigned: 0x13,
  valueOffset: 0x14,
  valueOffsetSigned: 0x15,
  valueExpression: 0x16,
  gnuWindowSave: 0x2d,
  gnuArgumentsSize: 0x2e,
  gnuNegativeOffset: 0x2f,
} as const;

/** The descriptions of all functions that have one. */
export class UnwindTable {
  readonly #sections: DebugSections;
  /** By their first address. */
  readonly #descriptions: readonly Description[];

  constructor(sections: DebugSections, onFault: (fault: DebugFault) => void) {
    this.#sections = sections;
    this.#descriptions = readDescriptions(sections, onFault).sort((a, b) => a.low - b.low);
  }

  /** How the function at the address is left from there; undefined where nothing is said. Throws `DebugFault`. */
  stepAt(address: number): UnwindStep | undefined {
    const found = this.#descriptionAt(address);
    if (found === undefined) return undefined;
    const { common } = found;
    const first: Step = { register: undefined, offset: 0, returnTo: { kind: 'unchanged' } };
    const initial = this.#run(common, common.start, common.end, first, 0, 0);
    const { register, offset, returnTo } = this.#run(
      common,
      found.start,
      found.end,
      initial,
      found.low,
      address,
    );
    return { returnTo, ...(register === undefined ? {} : { base: { register, offset } }) };
  }

  #descriptionAt(address: number): Description | undefined {
    let low = 0;
    let high = this.#descriptions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#descriptions[middle]?.low ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.#descriptions[low - 1];
    return found !== undefined && address < found.high ? found : undefined;
  }

  /** Runs instructions from `at` on until one counts for addresses behind `address`. */
  #run(common: Common, start: number, end: number, initial: Step, at: number, address: number): Step {
    const cursor = this.#sections.cursor(section).part(start, end);
    const remembered: Step[] = [];
    let step = { ...initial };
    let place = at;
    while (cursor.at < cursor.end) {
      const code = cursor.u8();
      const small = code & 0x3f;
      const advanced = advanceOf(code, small, cursor, common);
      if (advanced !== undefined) {
        place = advanced.to ?? place + advanced.by;
        if (place > address) return step;
        continue;
      }
      switch (code) {
        case codes.rememberState:
          if (remembered.length >= mostRemembered) throw cursor.fault('too-much');
          remembered.push({ ...step });
          break;
        case codes.restoreState: {
          const before = remembered.pop();
          if (before !== undefined) step = before;
          break;
        }
        case codes.base:
          step.register = cursor.uleb();
          step.offset = cursor.uleb();
          break;
        case codes.baseSigned:
          step.register = cursor.uleb();
          step.offset = cursor.sleb() * common.dataFactor;
          break;
        case codes.baseRegister:
          step.register = cursor.uleb();
          break;
        case codes.baseOffset:
          step.offset = cursor.uleb();
          break;
        case codes.baseOffsetSigned:
          step.offset = cursor.sleb() * common.dataFactor;
          break;
        case codes.baseExpression:
          step.register = undefined;
          cursor.skip(cursor.uleb());
          break;
        case codes.nothing:
        case codes.gnuWindowSave:
          break;
        case codes.gnuArgumentsSize:
          cursor.skipLeb();
          break;
        default: {
          const rule = ruleOf(code, small, cursor, common, initial.returnTo);
          if (rule.register === common.returnColumn) step.returnTo = rule.place;
        }
      }
    }
    return step;
  }
}

/** How far an instruction moves; undefined for one that does something else. */
function advanceOf(
  code: number,
  small: number,
  cursor: Cursor,
  { codeFactor }: Common,
): { by: number; to?: number } | undefined {
  if ((code & 0xc0) === codes.advance) return { by: small * codeFactor };
  switch (code) {
    case codes.setAddress:
      return { by: 0, to: cursor.u32() };
    case codes.advance1:
      return { by: cursor.u8() * codeFactor };
    case codes.advance2:
      return { by: cursor.u16() * codeFactor };
    case codes.advance4:
      return { by: cursor.u32() * codeFactor };
    default:
      return undefined;
  }
}

/** What an instruction says of one register. Throws `DebugFault` for an unknown instruction. */
function ruleOf(
  code: number,
  small: number,
  cursor: Cursor,
  { dataFactor }: Common,
  initial: ReturnPlace,
): { register: number; place: ReturnPlace } {
  const memory = (register: number, offset: number) => ({
    register,
    place: { kind: 'memory', offset: offset * dataFactor } as const,
  });
  if ((code & 0xc0) === codes.offset) return memory(small, cursor.uleb());
  if ((code & 0xc0) === codes.restore) return { register: small, place: initial };
  const register = cursor.uleb();
  switch (code) {
    case codes.offsetExtended:
      return memory(register, cursor.uleb());
    case codes.offsetExtendedSigned:
      return memory(register, cursor.sleb());
    case codes.gnuNegativeOffset:
      return memory(register, -cursor.uleb());
    case codes.restoreExtended:
      return { register, place: initial };
    case codes.sameValue:
      return { register, place: { kind: 'unchanged' } };
    case codes.register:
      return { register, place: { kind: 'register', register: cursor.uleb() } };
    case codes.undefined:
      return { register, place: { kind: 'unknown' } };
    case codes.valueOffset:
    case codes.valueOffsetSigned:
      cursor.skipLeb();
      return { register, place: { kind: 'unknown' } };
    case codes.expression:
    case codes.valueExpression:
      cursor.skip(cursor.uleb());
      return { register, place: { kind: 'unknown' } };
    default:
      throw cursor.fault('opcode', code);
  }
}

function readDescriptions(sections: DebugSections, onFault: (fault: DebugFault) => void): Description[] {
  const all: Description[] = [];
  const commons = new Map<number, Common | undefined>();
  const cursor = sections.cursor(section);
  for (let left = mostDescriptions; cursor.at < cursor.end; left--) {
    let end = cursor.end;
    try {
      if (left === 0) throw cursor.fault('too-much');
      end = cursor.unitEnd();
      if (cursor.at < end) {
        const inner = cursor.part(cursor.at, end);
        const mark = inner.u32();
        if (mark !== commonMark) {
          if (!commons.has(mark)) {
            commons.set(mark, undefined);
            commons.set(mark, readCommon(sections, mark));
          }
          const common = commons.get(mark);
          const low = inner.u32();
          const high = low + inner.u32();
          if (common !== undefined && low < high) all.push({ low, high, common, start: inner.at, end });
        }
      }
    } catch (error) {
      if (!(error instanceof DebugFault)) throw error;
      onFault(error);
    }
    cursor.at = end;
  }
  return all;
}

/** The common part at the offset. Throws `DebugFault`. */
function readCommon(sections: DebugSections, offset: number): Common | undefined {
  const outer = sections.cursor(section, offset);
  const end = outer.unitEnd();
  const cursor = outer.part(outer.at, end);
  if (cursor.u32() !== commonMark) return undefined;
  const version = cursor.u8();
  if (version !== 1 && version !== 3 && version !== 4) throw cursor.fault('version', version);
  // An augmentation means that more follows, of a shape that only its maker knows.
  if (cursor.text() !== '') return undefined;
  if (version === 4) {
    const addressBytes = cursor.u8();
    if (addressBytes !== 4) throw cursor.fault('address-size', addressBytes);
    cursor.skip(1);
  }
  const codeFactor = cursor.uleb();
  const dataFactor = cursor.sleb();
  const returnColumn = version === 1 ? cursor.u8() : cursor.uleb();
  return { codeFactor, dataFactor, returnColumn, start: cursor.at, end };
}

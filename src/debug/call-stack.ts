/** The calls that a core is in, as far as they can be known: by the link register first, then by what is kept on the stack. */
import type { DebugInfo } from '../model/program/dwarf/debug-info.ts';
import type { SourcePlace } from '../model/program/dwarf/lines.ts';
import type { FoundBytes, WantedBytes } from './core-memory.ts';
import type { CoreProgram } from './programs.ts';

/** A call; the innermost comes first. */
export interface StackCall {
  /** Empty where no function is known. */
  readonly name: string;
  /** Program address. */
  readonly address: number;
  readonly place: SourcePlace | undefined;
  /** Whether it is the caller of the function that the core is in, or further out: told by what was kept, not by the core. */
  readonly isCaller: boolean;
}

/** What is asked of a program. */
type Unwound = Pick<CoreProgram, 'callsAt'> & {
  readonly info: Pick<DebugInfo, 'unwindAt' | 'functionAt'>;
};

/** Registers of a sample. */
export interface CallRegisters {
  readonly pc: number;
  readonly sp?: number;
  readonly lr?: number;
}

const mostCalls = 32;

/**
 * The calls at the registers. `read` reads the stack; without it callers are told by the link register only. Nothing is
 * guessed: the list ends where nothing says where a function returns to. Without `.debug_frame` that is told of the innermost
 * function only, by a link register that points out of it.
 */
export async function stackOf(
  program: Unwound | undefined,
  { pc, sp, lr }: CallRegisters,
  read?: (wanted: WantedBytes) => Promise<FoundBytes>,
): Promise<readonly StackCall[]> {
  const calls: StackCall[] = [];
  const add = (address: number, isCaller: boolean): void => {
    const there = program?.callsAt(address) ?? [];
    for (const { name, place } of there) calls.push({ name, address, place, isCaller });
    if (there.length === 0) calls.push({ name: '', address, place: undefined, isCaller });
  };
  add(pc, false);
  let at = pc;
  let stack = sp;
  for (let depth = 0; depth < mostCalls; depth++) {
    const step = program?.info.unwindAt(at);
    const base = stackBase(program, at, stack);
    let back: number | undefined;
    // Only the innermost function's caller can still be in the link register.
    if ((step === undefined || step.returnTo.kind === 'unchanged') && depth === 0) {
      back = hasCalled(program, at, lr) ? undefined : lr;
    } else if (step?.returnTo.kind === 'memory' && base !== undefined && read !== undefined) {
      back = await wordAt(base + step.returnTo.offset, read);
    }
    // An address in it points behind the call. Nothing called what has none.
    if (back === undefined || back === 0 || program?.callsAt(back - 1).length === 0) break;
    at = back - 1;
    stack = base;
    add(at, true);
  }
  return calls;
}

/**
 * Whether the link register is that of a call which the function itself made: it points into the function then. One that
 * calls itself looks the same; its caller is not known.
 */
function hasCalled(program: Unwound | undefined, at: number, lr: number | undefined): boolean {
  const here = program?.callsAt(at).at(-1)?.linkageName;
  return lr === undefined || here === undefined || program?.callsAt(lr - 1).at(-1)?.linkageName === here;
}

/** Where the stack frame of the function begins that has the address; `undefined` where that is not told by the pointer. */
function stackBase(program: Unwound | undefined, at: number, sp: number | undefined): number | undefined {
  const base = program?.info.unwindAt(at)?.base;
  const entry = program?.info.functionAt(at)?.ranges[0]?.low;
  // At a function's entry the base can be told by the stack pointer only: it has the register's number.
  const pointer = entry === undefined ? undefined : program?.info.unwindAt(entry)?.base?.register;
  return base === undefined || sp === undefined || base.register !== pointer ? undefined : sp + base.offset;
}

async function wordAt(
  address: number,
  read: (wanted: WantedBytes) => Promise<FoundBytes>,
): Promise<number | undefined> {
  const found = await read({ address, size: 4 });
  if (typeof found === 'string') return undefined;
  return new DataView(found.buffer, found.byteOffset, found.byteLength).getUint32(0, true);
}

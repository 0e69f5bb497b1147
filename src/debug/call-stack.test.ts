import { expect, test } from 'vitest';
import type { ProgramFunction } from '../model/program/dwarf/functions.ts';
import type { UnwindStep } from '../model/program/dwarf/unwind.ts';
import { stackOf } from './call-stack.ts';
import type { FoundBytes } from './core-memory.ts';

/** Functions of 0x100 bytes each; their frames are made after 0x10 bytes. Stacks grow upwards; 200 is the stack pointer. */
const names = ['start', 'main', 'filter', 'leaf'];
const frames = [0, 32, 64, 0];
const returnsAt = 16;

const program = {
  callsAt: (address: number) => {
    const name = names[address >> 8];
    if (name === undefined) return [];
    const call = { name, scope: '', linkageName: name, place: undefined, isInlined: false };
    return name === 'filter' ? [{ ...call, name: 'step', isInlined: true }, call] : [call];
  },
  info: {
    functionAt: (address: number) =>
      names[address >> 8] === undefined
        ? undefined
        : ({
            ranges: [{ low: address & ~0xff, high: (address & ~0xff) + 0x100 }],
          } as unknown as ProgramFunction),
    unwindAt: (address: number): UnwindStep | undefined => {
      const frame = frames[address >> 8];
      if (frame === undefined) return undefined;
      const hasFrame = frame > 0 && (address & 0xff) >= 0x10;
      return {
        base: { register: 200, offset: hasFrame ? -frame : 0 },
        returnTo: hasFrame ? { kind: 'memory', offset: returnsAt } : { kind: 'unchanged' },
      };
    },
  },
};

/** A stack of main's and filter's frames from 0x38000 on: filter was called from main, main from start. */
function read({ address }: { address: number }): Promise<FoundBytes> {
  const words = new Map([
    [0x38000 + returnsAt, 0x040],
    [0x38020 + returnsAt, 0x150],
  ]);
  const word = words.get(address);
  return Promise.resolve(word === undefined ? 'elsewhere' : new Uint8Array(Uint32Array.of(word).buffer));
}

const texts = async (...args: Parameters<typeof stackOf>) =>
  (await stackOf(...args)).map(
    ({ name, address, isCaller }) => `${name} ${address.toString(16)}${isCaller ? ' caller' : ''}`,
  );

test('[debug-2] callers: by the link register of a function that has not called yet, then by what is kept on the stack', async () => {
  // leaf was called by filter, which has its frame on the stack.
  expect(await texts(program, { pc: 0x320, sp: 0x38060, lr: 0x244 }, read)).toEqual([
    'leaf 320',
    'step 243 caller',
    'filter 243 caller',
    'main 14f caller',
    'start 3f caller',
  ]);
  // In filter itself the link register is that of its last call.
  expect(await texts(program, { pc: 0x250, sp: 0x38060, lr: 0x244 }, read)).toEqual([
    'step 250',
    'filter 250',
    'main 14f caller',
    'start 3f caller',
  ]);
});

test('nothing is guessed: no stack, no pointer, no function, no rule', async () => {
  expect(await texts(program, { pc: 0x250, sp: 0x38060, lr: 0x244 })).toEqual(['step 250', 'filter 250']);
  expect(await texts(program, { pc: 0x250, lr: 0x244 }, read)).toEqual(['step 250', 'filter 250']);
  expect(await texts(program, { pc: 0x320, sp: 0x38060, lr: 0 }, read)).toEqual(['leaf 320']);
  expect(await texts(program, { pc: 0x320, sp: 0x38060, lr: 0x9000 }, read)).toEqual(['leaf 320']);
  expect(await texts(program, { pc: 0x250, sp: 0x10, lr: 0 }, read)).toEqual(['step 250', 'filter 250']);
  expect(await texts(undefined, { pc: 0x250, sp: 0x38060, lr: 0x244 }, read)).toEqual([' 250']);
});

test('without .debug_frame the link register counts if it points out of the function; one that points into it is stale', async () => {
  const bare = { ...program, info: { ...program.info, unwindAt: () => undefined } };
  expect(await texts(bare, { pc: 0x320, sp: 0x38060, lr: 0x244 }, read)).toEqual([
    'leaf 320',
    'step 243 caller',
    'filter 243 caller',
  ]);
  expect(await texts(bare, { pc: 0x250, sp: 0x38060, lr: 0x244 }, read)).toEqual(['step 250', 'filter 250']);
  // The same where the compiler forgot to say that it was kept.
  expect(await texts(program, { pc: 0x320, sp: 0x38060, lr: 0x310 }, read)).toEqual(['leaf 320']);
});

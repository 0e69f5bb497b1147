import { expect, test } from 'vitest';
import { menuTarget } from './menu-target.ts';

test('[debug-2] what a menu of the debug view is about: a thread, a frame, a variable, or nothing', () => {
  const session = '0b1c2d3e-4f50';
  const thread = { sessionId: session, threadId: `thread:${session}:1794` };
  expect(menuTarget([1794, thread])).toEqual({ sessionId: session, threadId: 1794 });
  expect(menuTarget([thread])).toEqual({ sessionId: session, threadId: 1794 });
  expect(menuTarget([{ sessionId: session, threadId: 1794 }])).toEqual({
    sessionId: session,
    threadId: 1794,
  });
  const frame = { ...thread, frameId: 'stackframe:x:1:2', frameName: 'fir' };
  expect(menuTarget(['file:///fir.cc', frame])).toEqual({ sessionId: session, threadId: 1794 });
  const variable = { name: 'counters', value: '{1}', memoryReference: '0x00801000' };
  expect(menuTarget([{ sessionId: session, container: { name: 'Globals' }, variable }])).toEqual({
    sessionId: session,
    reference: '0x00801000',
  });
  for (const nothing of [[], [undefined], [null, 3], ['x'], [{ threadId: 'none' }], [{ sessionId: 4 }]]) {
    expect(menuTarget(nothing)).toEqual({});
  }
});

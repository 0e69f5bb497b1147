import { expect, test } from 'vitest';
import { DebugStops } from './debug-stops.ts';

test('[live-10] a stop of any session is told, and that the last one goes on, however it is said', () => {
  const stops = new DebugStops();
  const told: boolean[] = [];
  stops.onDidChange((isStopped) => told.push(isStopped));
  const event = (name: string) => ({ type: 'event', event: name, body: {} });
  const ask = (command: string) => ({ type: 'request', command, arguments: {} });
  stops.heard('a', event('output'));
  stops.heard('a', event('continued'));
  expect(told).toEqual([]);
  stops.heard('a', event('stopped'));
  stops.heard('b', event('stopped'));
  stops.heard('a', ask('threads'));
  stops.heard('a', ask('next'));
  expect(told).toEqual([true, true]);
  stops.heard('a', event('stopped'));
  stops.ended('b');
  expect(told).toEqual([true, true, true]);
  stops.heard('a', event('terminated'));
  expect(told).toEqual([true, true, true, false]);
  stops.ended('a');
  for (const odd of [undefined, 7, [], { type: 'event' }, { type: 'request', command: {} }]) {
    stops.heard('a', odd);
  }
  expect(told).toHaveLength(4);
});

test('[live-10] whatever makes a session run, or ends it, is heard', () => {
  const requests = [
    'continue',
    'next',
    'stepIn',
    'stepOut',
    'stepBack',
    'reverseContinue',
    'goto',
    'restart',
  ];
  const messages = [
    ...[...requests, 'disconnect', 'terminate'].map((command) => ({ type: 'request', command })),
    ...['continued', 'terminated', 'exited'].map((event) => ({ type: 'event', event })),
  ];
  for (const message of messages) {
    const stops = new DebugStops();
    const told: boolean[] = [];
    stops.heard('a', { type: 'event', event: 'stopped' });
    stops.onDidChange((isStopped) => told.push(isStopped));
    stops.heard('a', message);
    expect(told, JSON.stringify(message)).toEqual([false]);
  }
});

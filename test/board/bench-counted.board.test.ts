/**
 * The benchmarks on boards whose clock counts instructions, one round each: what else the machine does changes no figure.
 * Others are in `bench.board.test.ts`.
 */
import { expect, test } from 'vitest';
import { measureWatch } from '../bench/live.ts';
import { meets } from '../bench/measure.ts';
import { measureReads } from '../bench/reads.ts';
import { checkFigures } from './bench-figures.ts';

test('[main-24] [shape-6] reading 12.5 MiB on the board: addon and agent beside a plain C loop, and beside one with the same duties', async () => {
  const measures = await measureReads(1);
  const limits = [
    'read 12.5 MiB through the addon, to its limit',
    'read 12.5 MiB through the agent, to its limit',
  ];
  const leases = 'leases that the addon takes for 12.5 MiB';
  const beside = 'read 19 MiB through the agent beside an owner';
  const plain = ['read 12.5 MiB through the addon', 'read 12.5 MiB through the agent'];
  checkFigures(measures, [...plain, ...limits, leases, beside], [...limits, leases, beside]);
  const goals = measures.filter(({ ratio }) => ratio !== undefined).map(({ goal }) => goal?.value);
  expect(goals).toEqual([0.9, 0.9, 0.9, 0.95, 0.95]);
  for (const measure of measures.slice(plain.length)) {
    expect(meets(measure), `${measure.name}: ${measure.ratio ?? measure.value}`).toBe(true);
  }
  // The pages of what it fills are there before a lease begins.
  const taken = measures.find(({ name }) => name === leases);
  expect(taken?.value).toBeLessThan(taken?.peer?.value ?? 0);
});

test('[live-14] live beside an owner: bytes of an update within their limit, looks against plain reads, what agent and owner notice', async () => {
  const measures = await measureWatch(1);
  const bytes = ['one word', '64 scattered words', 'all of 4 KiB'].map(
    (name) => `update, ${name}: bytes on the wire`,
  );
  const looks = [100, 0].map((ns) => `look at 1 MiB again and again, words of ${ns} ns`);
  checkFigures(
    measures,
    [
      ...bytes,
      ...looks,
      'agent CPU, live at 10 Hz x 4 KiB that all change',
      "owner's loop rate, live at 30 Hz x 32 KiB within the usual budget",
    ],
    looks,
  );
  // These are counted.
  for (const measure of measures.slice(0, bytes.length)) expect(meets(measure), measure.name).toBe(true);
});

/** The benchmarks over SSH, one round each: that they measure what they name, beside a peer of the same run. */
import { expect, test } from 'vitest';
import { measureGuest } from '../bench/guest.ts';
import { measureLink } from '../bench/link.ts';
import { checkFigures } from './bench-figures.ts';

test('[live-4] [main-24] [shape-6] over SSH: reading beside `cat`, on one processor and on two and over a slow link, few bytes before visible ones on a slow link, and the round trips of an apply of 1,000 scattered edits', async () => {
  const measures = await measureLink(1);
  const bulk = ['read 12.5 MiB over SSH', 'read 12.5 MiB over SSH, to its limit'];
  const visible = 'visible 4 KiB behind 12.5 MiB, link of 1 MB/s';
  // A look during which a busy machine takes the processor away for seconds has seconds of bytes before it; not each has.
  const [before, fewest] = ['bytes that come before these', 'the fewest bytes that came before these'];
  const apply = 'apply 1,000 scattered edits, link of 50 ms';
  const ofTwo = [
    'read 12.5 MiB over SSH, two processors',
    'read 12.5 MiB over SSH, two processors, to its limit',
  ];
  const slowly = 'read 12.5 MiB of typical contents over SSH, link of 1 MB/s';
  const fewer = 'bytes over that link for them';
  const chosen = 'read 12.5 MiB of typical contents over SSH, deflated or not by choice';
  // Encryption for `cat`, leases for ours: a busy machine does not slow both alike.
  checkFigures(
    measures,
    [...bulk, visible, before, fewest, apply, slowly, fewer, chosen, ...ofTwo],
    [fewest, apply, fewer],
  );
  const goals = Object.fromEntries(measures.map(({ name, goal }) => [name, goal]));
  expect(goals[apply]).toEqual({ at: 'most', value: 2 });
  expect([goals[slowly]?.value, goals[fewer]?.value, goals[chosen]?.value]).toEqual([3, 3, 0.97]);
  for (const name of [...bulk, ...ofTwo]) expect(goals[name]).toEqual({ at: 'least', value: 0.8 });
});

test('[attach-16] [shape-6] beside an owner: exactly the words subscribed are read; its cost, the way in and the owner beside peers', async () => {
  const measures = await measureGuest(1);
  const counted = 'words read per refresh';
  const rates = [
    "owner's loop rate while refreshed at 10 Hz x 4 KiB",
    "owner's loop rate beside status of 16 tiles with details, wanted at 1 Hz",
    "owner's loop rate beside status of 16 tiles with details, wanted at 10 Hz",
  ];
  checkFigures(
    measures,
    [
      counted,
      'agent CPU at 10 Hz x 4 KiB beside the owner',
      'agent CPU while nothing is open',
      'time to attach',
      ...rates,
    ],
    // Rates and shares of one short round are the machine's as much as ours: `npm run bench` judges them.
    [counted],
  );
  const [words, cpu] = measures;
  expect(words?.value).toBe(words?.peer?.value);
  expect(cpu?.goal).toEqual({ at: 'most', value: 3 });
});

/**
 * Programs that take a partition, run and end, one after the other, while a person refreshes a tile of it in an open
 * editor: none may be refused because of us. Titles of tests that run it carry [main-22].
 */
import { expect } from 'vitest';
import { COUNTS_AT_ONCE } from '../../scripts/results.ts';
import { type VirtualBoard, type Witness, WitnessError } from '../board/board.ts';
import type { Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import { PARTITION } from './main-job.ts';

/** Conditions may take long on a loaded machine. */
const PATIENT = { timeout: 60_000, interval: 50 };

/** Requests that were made beside a running refresh, and how many of them met a lease and passed at a later try. */
interface Races {
  requests: number;
  busy: number;
}

/**
 * Runs `cycles` programs (a multiple of ten) on tile (8,4)'s partition beside an editor of that tile. Of ten in a row one
 * races a refresh, one is looked at after its end, one is killed.
 * @throws the failure of the first program that was refused or whose bytes were not shown
 */
export async function startsBeside(
  board: VirtualBoard,
  workbench: Workbench,
  editor: HexEditorPage,
  cycles: number,
): Promise<void> {
  const races: Races = { requests: 0, busy: 0 };
  let next = board.witness();
  for (let cycle = 0; cycle < cycles; cycle++) {
    const program = await next;
    // The next process starts meanwhile; it asks for nothing yet.
    if (cycle + 1 < cycles) next = board.witness();
    try {
      if (cycle % 10 === 8) await raceARefresh(editor, program, races);
      const mark = Buffer.alloc(4);
      mark.writeUInt32LE(0xa0000000 + cycle);
      const [{ pid }] = await Promise.all([
        program.request(PARTITION.id, { keep: true }),
        program.run({ column: 8, row: 5, offset: 0, length: 64, rate: 500 }),
        program.write('data', 8, 4, 0, mark),
      ]);
      // Of a free partition a refresh waits until nobody has opened the device for a while.
      const whileOwned = cycle % 10 !== 4;
      if (whileOwned) await shows(editor, mark.toString('hex'));
      if (cycle % 10 === 9) await board.exec(`kill -9 ${pid}`).then(() => program.ended());
      else await program.exit();
      if (!whileOwned) await shows(editor, mark.toString('hex'));
    } catch (error) {
      if (!(error instanceof WitnessError) || error.code !== 'EBUSY') throw error;
      throw new Error(`The program of cycle ${cycle} was refused, which ${COUNTS_AT_ONCE}.`, {
        cause: error,
      });
    } finally {
      await program.exit();
    }
    // On a slow machine its progress is shown. The next process opens the device while one is looked at: a read gives
    // way and says so. A request that met a lease in a race is told, too.
    const told = (text: string): boolean =>
      text === 'Reading' ||
      text.includes('Tilescope stopped reading to let it start') ||
      (races.busy > 0 && text.includes('was refused because Tilescope was reading'));
    const said = (await workbench.notifications()).filter((text) => !told(text));
    expect(said, `in cycle ${cycle}, when ${races.busy} requests had met a lease`).toEqual([]);
  }
  console.log(
    `Of ${races.requests} requests beside a running refresh ${races.busy} met a lease, and passed at a later try.`,
  );
  expect(races.requests).toBeGreaterThanOrEqual(cycles / 10);
}

/** Reads again until the first bytes of the shown tile are these: a read may give way. */
async function shows(editor: HexEditorPage, hex: string): Promise<void> {
  const text = hex.toUpperCase().replace(/../g, '$& ').trim();
  const cell = editor.frame.locator('#grid .layer .cell.bytes', { hasText: text }).first();
  const isShown = async (): Promise<boolean> => {
    await editor.refresh();
    return cell.waitFor({ timeout: 3_000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(isShown, PATIENT).toBe(true);
}

/** Takes the partition and gives it back until a refresh that runs meanwhile has ended. */
async function raceARefresh(editor: HexEditorPage, program: Witness, races: Races): Promise<void> {
  const ended = await editor.beginRefresh();
  let running = true;
  const over = ended().finally(() => {
    running = false;
  });
  do {
    races.requests++;
    // Each time it asks it may meet a lease: a tenth of the time, and more of it on a busy machine.
    await expect
      .poll(
        async () => {
          try {
            await program.request(PARTITION.id, { keep: true });
            return true;
          } catch (error) {
            if (!(error instanceof WitnessError) || error.code !== 'EBUSY') throw error;
            races.busy++;
            return false;
          }
        },
        { timeout: 30_000, interval: 50 },
      )
      .toBe(true);
    await program.release();
  } while (running);
  await over;
}

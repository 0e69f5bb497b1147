import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

let board: VirtualBoard;

beforeAll(async () => {
  board = await startBoard({ node: true });
}, 400_000);

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

describe('the board with Node [main-6]', () => {
  it('runs Node for arm64 with 1 GiB of memory', async () => {
    const { stdout } = await board.exec(
      `node -p 'process.arch + " " + process.version + " " + os.totalmem()'`,
    );
    const [arch, version, memory] = stdout.toString().trim().split(' ');
    expect([arch, version?.startsWith('v24.')]).toEqual(['arm64', true]);
    expect(Number(memory)).toBeGreaterThan(900 * 1024 * 1024);
  });
});

import { afterEach } from 'vitest';
import type { VirtualBoard } from './board.ts';

/**
 * Reads the board's kernel log after every test of the suite, and fails the test that left a forbidden
 * access or a kernel fault there. A test that means to do something forbidden calls `takeForbidden`.
 */
export function useCleanLog(board: () => VirtualBoard | undefined): void {
  afterEach(async () => {
    await board()?.assertClean();
  });
}

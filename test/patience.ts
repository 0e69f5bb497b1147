/**
 * How long tests wait, milliseconds. None of it is what a test asserts: a limit ends what hangs, and is wide enough for a busy machine
 * whose every step takes several times as long.
 */

/** For what is on its way: an answer, a row, a process that ends. */
export const PATIENCE_MS = 120_000;

/** For one test. */
export const TEST_MS = 900_000;

/** For what is done before the tests of a file: machines boot, programs are built. */
export const PREPARATION_MS = 1_800_000;

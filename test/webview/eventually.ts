import { expect } from 'vitest';

/** Waits for a condition as long as a loaded machine may need to draw it; then it counts as false. */
export function eventually<T>(look: () => T, message = '') {
  return expect.poll(look, { timeout: 60_000, message });
}

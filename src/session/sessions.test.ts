import { expect, test, vi } from 'vitest';
import { SessionPool } from './pool.ts';
import type { SessionServices } from './services.ts';
import { Sessions } from './sessions.ts';

const services: SessionServices = {
  log: { trace: () => undefined, info: () => undefined, warn: () => undefined },
  now: () => 0,
  after: () => ({ dispose: () => undefined }),
};

test('sessions that end while their pool is loaded let go of it when it comes', async () => {
  const dispose = vi.spyOn(SessionPool.prototype, 'dispose');
  const sessions = new Sessions(services);
  const coming = sessions.pool();
  sessions.dispose();
  expect(dispose).not.toHaveBeenCalled();
  await coming;
  expect(dispose).toHaveBeenCalledTimes(1);
  dispose.mockRestore();
});

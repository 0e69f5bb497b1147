/** Reads a core's ELF like `reader-thread.ts`, and tells how long that kept the processor busy: other work does not count. */
import { parentPort } from 'node:worker_threads';
import { answerTo } from '../../src/names/readers.ts';

parentPort?.on('message', (bytes: Uint8Array) => {
  const start = process.threadCpuUsage();
  answerTo({ id: 0, reading: 'core', params: { bytes, beside: [] } });
  const { user, system } = process.threadCpuUsage(start);
  parentPort?.postMessage((user + system) / 1000);
});

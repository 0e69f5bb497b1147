/** The thread that reads the files of builds: a script of its own, started by `FileReader`. */
import { parentPort } from 'node:worker_threads';
import { answerTo, type ToReaders } from './readers.ts';

parentPort?.on('message', (request: ToReaders) => {
  if (request === null) parentPort?.close();
  else parentPort?.postMessage(answerTo(request));
});

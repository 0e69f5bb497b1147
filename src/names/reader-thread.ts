/** The thread that reads the files of builds: a script of its own, started by `FileReader`. */
import { parentPort } from 'node:worker_threads';
import { answerTo, type ReadRequest } from './readers.ts';

parentPort?.on('message', (request: ReadRequest) => parentPort?.postMessage(answerTo(request)));

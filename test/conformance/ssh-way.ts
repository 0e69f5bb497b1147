import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../../src/board/board.ts';
import { createSshConnector, type SshServices, type SshTarget } from '../../src/board/ssh/connector.ts';
import type { VirtualBoard } from '../board/board.ts';
import { KeptLog } from './log.ts';

/** A way over real SSH to a virtual board, with the agent given and a person who is never asked anything. */
export class SshWay {
  readonly log = new KeptLog();
  readonly #board: VirtualBoard;
  readonly #services: SshServices;
  readonly #home = mkdtempSync(join(tmpdir(), 'tilescope-home-'));

  /** @param agent path of the agent for the board, on this machine; another version stands beside it under another name */
  constructor(board: VirtualBoard, agent: string, version = '0.1.0') {
    this.#board = board;
    writeFileSync(join(this.#home, 'known_hosts'), `${board.knownHostsLine()}\n`);
    // A copy: a build that goes on meanwhile would replace the file under the connector, which would call it damaged.
    const copy = join(this.#home, 'agent');
    copyFileSync(agent, copy);
    const unasked = async () => {
      throw new Error('nothing is to be asked here');
    };
    this.#services = {
      agents: {
        aarch64: {
          path: copy,
          version,
          sha256: createHash('sha256').update(readFileSync(copy)).digest('hex'),
        },
      },
      prompts: {
        confirmHostKey: unasked,
        replaceHostKey: unasked,
        secret: unasked,
        rememberSecret: async () => undefined,
        forgetSecret: async () => undefined,
      },
      environment: { home: this.#home, user: 'root', variables: {}, platform: process.platform },
    };
  }

  /** A new connection, as root unless told otherwise. */
  connect(changes: Partial<SshTarget> = {}): Promise<Board> {
    const target = {
      host: this.#board.host,
      port: this.#board.port,
      user: this.#board.user,
      identityFile: this.#board.privateKeyPath,
      configFiles: [],
      knownHostsFiles: [join(this.#home, 'known_hosts')],
      ...changes,
    };
    const context = { log: this.log, onStep: () => undefined };
    return createSshConnector(target, this.#services).connect(context, new AbortController().signal);
  }

  dispose(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** A home folder from which `ssh virtual-board` reaches a virtual board, and nothing is known yet. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VirtualBoard } from '../board/board.ts';

export interface BoardHome {
  readonly path: string;
  /** The alias in its ssh configuration. */
  readonly alias: string;
  /** What has been learnt of host keys. */
  knownHosts(): Promise<string>;
  remove(): Promise<void>;
}

/** Makes the folder; `port` is where the board is reached when that is not its own port (through a proxy). */
export async function makeBoardHome(board: VirtualBoard, port = board.port): Promise<BoardHome> {
  const path = await mkdtemp(join(tmpdir(), 'tilescope-home-'));
  const ssh = join(path, '.ssh');
  await mkdir(ssh, { mode: 0o700 });
  const alias = 'virtual-board';
  const config = [
    `Host ${alias}`,
    `  HostName ${board.host}`,
    `  Port ${port}`,
    `  User ${board.user}`,
    `  IdentityFile ${board.privateKeyPath}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${join(ssh, 'known_hosts')}`,
  ];
  await writeFile(join(ssh, 'config'), `${config.join('\n')}\n`, { mode: 0o600 });
  return {
    path,
    alias,
    knownHosts: () => readFile(join(ssh, 'known_hosts'), 'utf8').catch(() => ''),
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/**
 * The environment in which an editor starts with the board in its sidebar as `label`, its key known; `folder` takes the file of
 * known hosts. `port` as above.
 */
export async function boardInSidebar(
  board: VirtualBoard,
  folder: string,
  label: string,
  port = board.port,
): Promise<{ readonly TILESCOPE_START_BOARDS: string }> {
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `${board.knownHostsLine().replace(`:${board.port}`, `:${port}`)}\n`);
  const { host, user, privateKeyPath: identityFile } = board;
  return {
    TILESCOPE_START_BOARDS: JSON.stringify([
      { kind: 'ssh', label, host, port, user, identityFile, knownHosts },
    ]),
  };
}

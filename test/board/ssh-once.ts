import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VirtualBoard } from './board.ts';

/**
 * One command through a fresh connection of the system's ssh client, for tests of how users get in.
 * `options` are ssh options such as `BatchMode=yes`; `password` answers every question ssh asks. The result
 * is what was printed, including ssh's own complaints.
 */
export async function sshOnce(
  board: VirtualBoard,
  user: string,
  options: readonly string[],
  command: string,
  password = '',
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tilescope-ssh-'));
  const askpass = join(folder, 'askpass');
  const known = join(folder, 'known_hosts');
  writeFileSync(askpass, `#!/bin/sh\necho '${password}'\n`, { mode: 0o700 });
  writeFileSync(known, `${board.knownHostsLine()}\n`);
  const all = [`UserKnownHostsFile=${known}`, 'LogLevel=ERROR', ...options].flatMap((option) => [
    '-o',
    option,
  ]);
  const said = await new Promise<string>((resolve) => {
    execFile(
      'ssh',
      ['-F', '/dev/null', '-p', String(board.port), ...all, `${user}@${board.host}`, command],
      { env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' } },
      (_, stdout, stderr) => resolve(`${stdout}${stderr}`.trim()),
    );
  });
  rmSync(folder, { recursive: true, force: true });
  return said;
}

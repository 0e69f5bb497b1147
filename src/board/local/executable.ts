/** The agent's file on this machine as one that can be started: packages lose modes, and their folder may be read-only. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BoardLog } from '../board.ts';
import { replaceFile } from '../replace-file.ts';

/**
 * The path itself if it can be started, or was made so; else that of a copy in a private folder of the user's cache,
 * named by its contents. Undefined, with the reason in the log, when there is no such way.
 */
export async function executable(
  path: string,
  log: BoardLog,
  cache = cacheFolder(),
): Promise<string | undefined> {
  try {
    if (await runs(path)) return path;
    const changed = await chmod(path, 0o755).then(
      () => true,
      () => false,
    );
    if (changed && (await runs(path))) return path;
    const contents = await readFile(path);
    const name = `agent-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}`;
    const copy = join(cache, name);
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const { uid, mode } = await stat(cache);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
      log.warn(`${cache} can be written by others: the agent is not copied there`);
      return undefined;
    }
    // Under a name of its own first: another window may do the same now, and a running copy cannot be written.
    const beside = { part: `${copy}.${process.pid}`, mode: 0o700 };
    await replaceFile(copy, beside, (file) => file.writeFile(contents));
    return copy;
  } catch (error) {
    log.warn(`the agent cannot be made executable: ${String(error)}`);
    return undefined;
  }
}

function runs(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base?.startsWith('/') === true ? base : join(homedir(), '.cache'), 'tilescope');
}

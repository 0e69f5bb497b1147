/** The part of a kept file's name that stands for a window, and whether that window still runs. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** When a process started, from the text of `/proc/PID/stat`; `0` where that is not known. */
function startIn(stat: string): string {
  // The command's name stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return /^\d+$/.test(fields[19] ?? '') ? (fields[19] ?? '0') : '0';
}

/** This window: its extension host's process id and start, and a random part, since a process may start us twice. */
export function newOwner(): string {
  let start = '0';
  try {
    start = startIn(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    // Only Linux has this file.
  }
  return `${process.pid}-${start}-${randomBytes(6).toString('hex')}`;
}

/** Whether the process of a window runs: the same one, where the system tells when it started. */
export async function isAlive(owner: string): Promise<boolean> {
  const [, pid, start] = /^(\d{1,10})-(\d+)-[0-9a-f]+$/.exec(owner) ?? [];
  if (pid === undefined || Number(pid) === 0) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // `EPERM`: the process exists.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (start === '0') return true;
  const now = await readFile(`/proc/${pid}/stat`, 'utf8').then(startIn, () => '0');
  return now === '0' || now === start;
}

/**
 * Paths of source files on this machine. Compilers write them from where they were started, with `..`, and a map puts one
 * system's beginning before another's end: one file has many spellings.
 */
import { posix, win32 } from 'node:path';

/** The path without `.` and `..`, and with the separator of the system: as editors know the file. */
export function plainPath(path: string, platform = process.platform): string {
  return (platform === 'win32' ? win32 : posix).normalize(path);
}

/** Equal for all spellings of one file. On Windows letters of either case are equal, those of drives too. */
export function comparablePath(path: string, platform = process.platform): string {
  const plain = plainPath(path, platform);
  return platform === 'win32' ? plain.toLowerCase() : plain;
}

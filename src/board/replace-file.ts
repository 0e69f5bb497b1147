/** Files of this machine that are replaced as a whole: a reader sees the old one or the new one, also after a power loss. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file beside its place, brings it to the disk and renames it. Nothing is left beside it where that fails.
 * Rejects with what the file system said.
 *
 * @param part what the file is called until it is complete: in the same folder, and nobody else's
 * @param mode permissions, whatever the process's mask is
 * @returns what `write` returns
 */
export async function replaceFile<T>(
  path: string,
  { part, mode }: { readonly part: string; readonly mode: number },
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  await rm(part, { force: true });
  const file = await open(part, 'wx', mode);
  try {
    let written: T;
    try {
      await file.chmod(mode);
      written = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    return written;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

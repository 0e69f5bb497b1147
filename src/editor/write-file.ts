/** Files that a person has an editor write: in parts, without a pause, and as a whole or not at all. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { replaceFile } from '../board/replace-file.ts';
import { FileError } from '../model/files/file-error.ts';

/** More bytes than this are not put together for a place that takes files only as a whole. */
const mostWhole = 256 * 1024 * 1024;

/**
 * Writes the parts one after the other; the file is there once all of them are. Between parts others have their turn.
 * Rejects with FileError, and with the signal's reason.
 *
 * @param tell is given the bytes written so far
 */
export async function writeParts(
  uri: vscode.Uri,
  parts: Iterable<Uint8Array | string>,
  signal: AbortSignal,
  tell: (bytes: number) => void,
): Promise<void> {
  let written = 0;
  const each = async (write: (part: Uint8Array) => unknown): Promise<void> => {
    for (const part of parts) {
      signal.throwIfAborted();
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
      await write(bytes);
      written += bytes.length;
      tell(written);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  try {
    if (uri.scheme === 'file') {
      const part = `${uri.fsPath}.${randomBytes(6).toString('hex')}.part`;
      await replaceFile(uri.fsPath, { part, mode: 0o644 }, (file) => each((bytes) => file.writeFile(bytes)));
      return;
    }
    const kept: Uint8Array[] = [];
    await each((bytes) => {
      if (written + bytes.length > mostWhole) throw new FileError('file-too-large', { most: mostWhole });
      kept.push(bytes);
    });
    await vscode.workspace.fs.writeFile(uri, Buffer.concat(kept));
  } catch (error) {
    if (signal.aborted || error instanceof FileError || !(error instanceof Error)) throw error;
    throw new FileError('file-unwritten', { text: error.message });
  }
}

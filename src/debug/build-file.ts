/** Reads files of a build. */
import * as vscode from 'vscode';
import { mostBytesOfFile } from '../model/program/core-files.ts';
import { FileFault } from '../model/program/faults.ts';

/** The bytes of a file. Throws `FileFault` for one that is too large, and what VS Code throws. */
export async function bytesOf(uri: vscode.Uri): Promise<Uint8Array> {
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > mostBytesOfFile) throw new FileFault('too-large', {});
  return vscode.workspace.fs.readFile(uri);
}

/** Whether there is a file that can be reached. */
export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    // Nothing is there, or it cannot be reached: both are as good as no file.
    return false;
  }
}

/** A file's version: another text after each change; empty where no file can be reached. */
export async function versionOf(uri: vscode.Uri): Promise<string> {
  try {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    return `${size} ${mtime}`;
  } catch {
    // Nothing is there yet, or not any more.
    return '';
  }
}

/** What was thrown while a file was read, as a fault of the file. */
export function faultOf(error: unknown): FileFault {
  const found = error instanceof Error ? error.message : String(error);
  return error instanceof FileFault ? error : new FileFault('unreadable', {}, undefined, found);
}

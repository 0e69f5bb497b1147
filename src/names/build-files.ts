/** The files of builds: found in the workspace or added, read, and read anew when they change. */
import * as vscode from 'vscode';
import { type ControlConfig, readControlConfig } from '../model/program/control-config.ts';
import { FileFault } from '../model/program/faults.ts';
import type { BuildFile } from './name-model.ts';

const fileName = 'aie_control_config.json';
const everywhere = `**/${fileName}`;
/** Files that are found at most; a workspace with more of them is a folder of builds. */
const mostFound = 64;
/** The largest that is read, bytes: those of whole arrays have some hundred KB. */
const mostBytes = 16 * 1024 * 1024;
/** A build writes many files: after the last one they are read, milliseconds. */
const settling = 300;

/** Timers of the extension. */
export type After = (milliseconds: number, action: () => void) => { dispose(): void };

export class BuildFiles implements vscode.Disposable {
  readonly #added: () => readonly string[];
  readonly #after: After;
  readonly #note: (thrown: unknown) => unknown;
  readonly #changed = new vscode.EventEmitter<readonly BuildFile[]>();
  readonly #watchers = new Map<string, vscode.Disposable>();
  readonly #subscriptions: vscode.Disposable[];
  #wait: { dispose(): void } | undefined;
  /** Counts the readings: only the last one tells. */
  #round = 0;

  /** Fires with all files whenever they were read. */
  readonly onDidRead = this.#changed.event;

  /**
   * @param added the addresses of the files that a person added
   * @param note logs a failure of what happens by itself
   */
  constructor(added: () => readonly string[], after: After, note: (thrown: unknown) => unknown) {
    this.#added = added;
    this.#after = after;
    this.#note = note;
    this.#subscriptions = [
      this.#changed,
      this.#watch(vscode.workspace.createFileSystemWatcher(everywhere)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#readSoon()),
    ];
  }

  /** Looks for the files and reads them. */
  async read(): Promise<void> {
    const round = ++this.#round;
    const found = await vscode.workspace.findFiles(everywhere, '**/node_modules/**', mostFound);
    const added = this.#added();
    const uris = new Map(found.map((uri) => [uri.toString(), uri] as const));
    for (const id of added) uris.set(id, vscode.Uri.parse(id, true));
    const files = await Promise.all(
      [...uris].map(async ([id, uri]): Promise<BuildFile> => {
        const label = vscode.workspace.asRelativePath(uri);
        return { id, label, isAdded: added.includes(id), ...(await readFile(uri)) };
      }),
    );
    if (round !== this.#round) return;
    this.#watchAdded(added);
    this.#changed.fire(files);
  }

  dispose(): void {
    this.#round++;
    this.#wait?.dispose();
    for (const one of [...this.#subscriptions, ...this.#watchers.values()]) one.dispose();
  }

  /** Files outside the workspace have watchers of their own. */
  #watchAdded(added: readonly string[]): void {
    for (const [id, watcher] of this.#watchers) {
      if (added.includes(id)) continue;
      watcher.dispose();
      this.#watchers.delete(id);
    }
    for (const id of added) {
      if (this.#watchers.has(id)) continue;
      const uri = vscode.Uri.parse(id, true);
      const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), fileName);
      this.#watchers.set(id, this.#watch(vscode.workspace.createFileSystemWatcher(pattern)));
    }
  }

  #watch(watcher: vscode.FileSystemWatcher): vscode.Disposable {
    const soon = () => this.#readSoon();
    watcher.onDidCreate(soon);
    watcher.onDidChange(soon);
    watcher.onDidDelete(soon);
    return watcher;
  }

  #readSoon(): void {
    this.#wait?.dispose();
    this.#wait = this.#after(settling, () => {
      this.read().catch((error) => this.#note(error));
    });
  }
}

async function readFile(uri: vscode.Uri): Promise<{ text: string; content: ControlConfig | FileFault }> {
  let text = '';
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > mostBytes) throw new FileFault('too-large', {});
    text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    return { text, content: readControlConfig(text) };
  } catch (error) {
    if (error instanceof FileFault) return { text, content: error };
    const found = error instanceof Error ? error.message : String(error);
    return { text, content: new FileFault('unreadable', {}, undefined, found) };
  }
}

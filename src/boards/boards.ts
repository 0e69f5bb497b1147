/** The boards that a person has added, and their links. Everything that shows or uses a board gets it from here. */
import { type Disposable, Emitter } from '../model/event.ts';
import type { BoardLink, RefusedStart } from '../session/link.ts';
import { type BoardConfig, idsIn, parseBoardConfigs } from './board-config.ts';

/** One entry of the sidebar. The link outlives edits of the entry: its connector reads the present `config`. */
export interface BoardEntry {
  readonly id: string;
  config: BoardConfig;
  readonly link: BoardLink;
  /** False for boards that were given by environment. */
  readonly kept: boolean;
}

/** The part of VS Code's Memento that is needed. */
export interface BoardStore {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

/** Makes an entry's link; its connector asks `present` for the entry's configuration at the moment of connecting. */
export type MakeLink = (config: BoardConfig, present: () => BoardConfig) => BoardLink;

/** The settings that a connection depends on, as text to compare. */
function wayTo(config: BoardConfig): string {
  const { label: _label, autoConnect: _autoConnect, ...way } = config;
  return JSON.stringify(Object.entries(way).sort());
}

const boardsKey = 'tilescope.boards';

export class BoardCollection implements Disposable {
  readonly #store: BoardStore;
  readonly #makeLink: MakeLink;
  readonly #entries = new Map<string, BoardEntry>();
  readonly #changed = new Emitter<BoardEntry | undefined>();
  readonly #refused = new Emitter<{ readonly entry: BoardEntry; readonly start: RefusedStart }>();

  /** Fires with the entry whose state, partitions or configuration changed; without one when entries come or go. */
  readonly onDidChange = this.#changed.event;
  /** Fires when an application was refused a partition because Tilescope had it. */
  readonly onDidRefuseStart = this.#refused.event;

  constructor(store: BoardStore, makeLink: MakeLink) {
    this.#store = store;
    this.#makeLink = makeLink;
  }

  /** Reads the kept entries; returns how many could not be read. They stay in the store. */
  load(): number {
    const { configs, refused } = parseBoardConfigs(this.#store.get(boardsKey));
    for (const config of configs) this.#insert(config, true);
    return refused;
  }

  get entries(): readonly BoardEntry[] {
    return [...this.#entries.values()];
  }

  /** The ids in use, those of entries that another window added or that could not be read too. */
  get ids(): ReadonlySet<string> {
    return new Set([...this.#entries.keys(), ...idsIn(this.#stored())]);
  }

  get(id: string): BoardEntry | undefined {
    return this.#entries.get(id);
  }

  /** Adds an entry that is kept across restarts. */
  async add(config: BoardConfig): Promise<BoardEntry> {
    const entry = this.#insert(config, true);
    await this.#save(config.id, config);
    return entry;
  }

  /** Adds an entry for this run only. */
  addForNow(config: BoardConfig): BoardEntry {
    return this.#insert(config, false);
  }

  /** Replaces an entry's configuration, and ends its connection if that was made by what has changed. */
  async update(config: BoardConfig): Promise<void> {
    const entry = this.#entries.get(config.id);
    if (entry === undefined) return;
    const another = wayTo(entry.config) !== wayTo(config);
    entry.config = config;
    if (another) await entry.link.disconnect();
    this.#changed.fire(entry);
    if (entry.kept) await this.#save(config.id, config);
  }

  /** Disconnects and forgets an entry. */
  async remove(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#changed.fire(undefined);
    await entry.link.disconnect();
    entry.link.dispose();
    if (entry.kept) await this.#save(id, undefined);
  }

  /**
   * Connects the entries that a person wants connected at start, all at once.
   *
   * @param failed told why one could not be; the entry says so as well
   */
  connectAtStart(failed: (error: unknown) => void): void {
    for (const { config, link } of this.entries)
      if (config.autoConnect === true) link.connect().catch(failed);
  }

  /** Removes the stored entries that cannot be read. */
  async forgetUnread(): Promise<void> {
    await this.#store.update(boardsKey, parseBoardConfigs(this.#store.get(boardsKey)).configs);
  }

  /** Ends every connection, as the window goes. */
  async close(): Promise<void> {
    await Promise.allSettled(this.entries.map((entry) => entry.link.leave()));
  }

  dispose(): void {
    for (const entry of this.#entries.values()) entry.link.dispose();
    this.#entries.clear();
    this.#changed.dispose();
    this.#refused.dispose();
  }

  #insert(config: BoardConfig, kept: boolean): BoardEntry {
    const link = this.#makeLink(config, () => entry.config);
    const entry: BoardEntry = { id: config.id, config, link, kept };
    this.#entries.set(config.id, entry);
    link.onDidChangeState(() => this.#changed.fire(entry));
    link.onDidChangePartitions(() => this.#changed.fire(entry));
    link.onDidRefuseStart((start) => this.#refused.fire({ entry, start }));
    this.#changed.fire(undefined);
    return entry;
  }

  /** What is stored, as a list: by this window, by others, by other versions. */
  #stored(): readonly unknown[] {
    const stored = this.#store.get(boardsKey);
    return Array.isArray(stored) ? stored : stored === undefined ? [] : [stored];
  }

  /** Changes one stored entry in what is stored now: other windows have a list of their own. */
  async #save(id: string, config: BoardConfig | undefined): Promise<void> {
    const stored = this.#stored();
    const at = parseBoardConfigs(stored).places.get(id) ?? stored.length;
    const changed = [
      ...stored.slice(0, at),
      ...(config === undefined ? [] : [config]),
      ...stored.slice(at + 1),
    ];
    await this.#store.update(boardsKey, changed);
  }
}

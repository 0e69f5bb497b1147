/**
 * Breakpoints of a debug session: which address of which core each of them is, and why one is not set. A core has two.
 * Before its first one a core's program memory is compared with its ELF. Knows programs and halting, not the debug protocol.
 */
import type { Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { reasonText } from '../model/status/sentences.ts';
import type { CoreMemory } from './core-memory.ts';
import type { Cores } from './cores.ts';
import { type Halting, mostEvents } from './halting.ts';
import type { CoreProgram, Programs } from './programs.ts';
import {
  fullCoreText,
  noBreakpointText,
  noCodeText,
  noProgramText,
  notComparedText,
  otherProgramText,
} from './sentences.ts';
import { comparablePath } from './source-paths.ts';

/** What a person set: a line of a source file on this machine, by its path as `comparablePath` has it, or an address of one core. */
export type BreakpointPlace =
  | { readonly path: string; readonly line: number }
  | { readonly tile: Tile; readonly address: number };

/** A breakpoint, and whether a core has it. */
export interface SessionBreakpoint {
  readonly id: number;
  readonly place: BreakpointPlace;
  /** At least one core halts there. */
  readonly isSet: boolean;
  /** The line that it stands in, or was set in; none of an address. */
  readonly line?: number;
  /** Why it is not set, or not in every core that has the line; empty: it is set. */
  readonly message: string;
}

/** What breakpoints need of their session. */
export interface BreakpointServices {
  readonly cores: Cores;
  readonly programs: Programs;
  readonly memory: CoreMemory;
  readonly halting: Halting;
  /** The path under which a source file of a program lies on this machine. */
  sourcePath(file: string): Promise<string | undefined>;
  /** The sentence and next step of a failure. */
  errorText(thrown: unknown): string;
  readonly l10n: Localiser;
}

/** The addresses of one breakpoint in one core. */
interface Wish {
  readonly id: number;
  readonly line?: number;
  readonly addresses: readonly number[];
}

const keyOf = ({ col, row }: Tile): string => `${col},${row}`;

export class Breakpoints {
  readonly #services: BreakpointServices;
  readonly #all = new Map<number, SessionBreakpoint>();
  /** What was found of cores whose programs were compared: why no breakpoint is set there, or nothing. */
  readonly #compared = new Map<string, string | undefined>();
  readonly #files = new Map<CoreProgram, ReadonlyMap<string, readonly string[]>>();
  #lastId = 0;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(services: BreakpointServices) {
    this.#services = services;
  }

  /** The cores were looked at: one in reset, or disabled, may come back with another program. */
  noteStates(): void {
    for (const { tile, status } of this.#services.cores.all) {
      const state = status?.core?.state;
      if (state === 'reset' || state === 'disabled') this.#compared.delete(keyOf(tile));
    }
  }

  get(id: number): SessionBreakpoint | undefined {
    return this.#all.get(id);
  }

  /** Puts breakpoints in the place of those that `isReplaced` names; their ids, in their order. They are not set yet. */
  replace(
    isReplaced: (place: BreakpointPlace) => boolean,
    places: readonly BreakpointPlace[],
  ): readonly number[] {
    for (const { id, place } of [...this.#all.values()]) if (isReplaced(place)) this.#all.delete(id);
    return places.map((place) => {
      const id = ++this.#lastId;
      this.#all.set(id, this.#unallowed(id, place));
      return id;
    });
  }

  /** Sets all of them in the cores that have their lines. The answer: those whose state is another one. Never rejects. */
  apply(): Promise<readonly SessionBreakpoint[]> {
    const applied = this.#applying.then(() => this.#apply());
    this.#applying = applied;
    return applied;
  }

  #unallowed(id: number, place: BreakpointPlace): SessionBreakpoint {
    return { id, place, isSet: false, message: noBreakpointText(this.#services.l10n), ...lineOf(place) };
  }

  async #apply(): Promise<readonly SessionBreakpoint[]> {
    const { cores, halting, l10n } = this.#services;
    const before = new Map(this.#all);
    if (!halting.isAllowed) {
      this.#compared.clear();
      for (const { id, place } of before.values()) {
        this.#change(this.#unallowed(id, place));
      }
    } else {
      const found = new Map<number, Found>();
      for (const { tile } of cores.all) {
        const wishes = await this.#wishes(tile, [...before.values()]);
        for (const { id, line, why } of await this.#set(tile, wishes)) {
          const { isSet, message, line: known } = found.get(id) ?? nothing;
          found.set(id, {
            isSet: isSet || why === undefined,
            message: message === '' ? (why ?? '') : message,
            line: known ?? line,
          });
        }
      }
      for (const { id, place } of before.values()) {
        const { isSet, message, line } = found.get(id) ?? {
          ...nothing,
          message: 'tile' in place ? noProgramText(place.tile, l10n) : noCodeText(l10n),
        };
        const known = line === undefined ? lineOf(place) : { line };
        this.#change({ id, place, isSet, message, ...known });
      }
    }
    return [...this.#all.values()].filter((one) => {
      const old = before.get(one.id);
      // Those that came meanwhile have their own turn.
      if (old === undefined) return false;
      return old.isSet !== one.isSet || old.message !== one.message || old.line !== one.line;
    });
  }

  /** Another state of a breakpoint, unless it was replaced meanwhile. */
  #change(one: SessionBreakpoint): void {
    if (this.#all.has(one.id)) this.#all.set(one.id, one);
  }

  /** What the breakpoints are in a core, in the order in which they were set. */
  async #wishes(tile: Tile, all: readonly SessionBreakpoint[]): Promise<Wish[]> {
    const program = this.#services.programs.at(tile);
    if (program === undefined || all.length === 0) return [];
    const files = await this.#filesOf(program);
    return all.flatMap(({ id, place }): Wish[] => {
      if ('tile' in place) {
        return keyOf(place.tile) === keyOf(tile) ? [{ id, addresses: [place.address] }] : [];
      }
      const code = program.info.codeOf(files.get(place.path) ?? [], place.line);
      return code === undefined ? [] : [{ id, ...code }];
    });
  }

  /** Source files of a program by where they lie on this machine, each in all the spellings that the program has of it. */
  async #filesOf(program: CoreProgram): Promise<ReadonlyMap<string, readonly string[]>> {
    const known = this.#files.get(program);
    if (known !== undefined) return known;
    const files = new Map<string, string[]>();
    for (const file of program.info.sourceFiles()) {
      const path = await this.#services.sourcePath(file);
      if (path === undefined) continue;
      const key = comparablePath(path);
      files.set(key, [...(files.get(key) ?? []), file]);
    }
    this.#files.set(program, files);
    return files;
  }

  /** Sets as many as the core has room for. The answer: each of them, and why it is not set. */
  async #set(tile: Tile, wishes: readonly Wish[]): Promise<(Wish & { readonly why: string | undefined })[]> {
    const { errorText, halting, l10n } = this.#services;
    const counters = new Set<number>();
    const refused = new Map<number, string>();
    for (const { id, addresses } of wishes) {
      const fresh = addresses.filter((one) => !counters.has(one));
      if (counters.size + fresh.length > mostEvents) refused.set(id, fullCoreText(tile, l10n));
      else for (const one of fresh) counters.add(one);
    }
    let why: string | undefined;
    try {
      if (counters.size > 0) why = await this.#refusal(tile);
      // The core may run another program when the next one is set.
      else this.#compared.delete(keyOf(tile));
      const reason = await halting.setBreakpoints(tile, why === undefined ? [...counters] : []);
      if (reason !== undefined) why = notComparedText(tile, reasonText(reason, l10n), l10n);
    } catch (thrown) {
      why = errorText(thrown);
    }
    return wishes.map((one) => ({ ...one, why: why ?? refused.get(one.id) }));
  }

  /** Why no breakpoint is set in a core; found out once while it has some. Rejects with BoardError. */
  async #refusal(tile: Tile): Promise<string | undefined> {
    const key = keyOf(tile);
    if (this.#compared.has(key)) return this.#compared.get(key);
    const { halting, l10n, memory, programs } = this.#services;
    const image = programs.at(tile)?.image;
    if (image === undefined) return noProgramText(tile, l10n);
    // A core that runs is halted for a moment: its program memory cannot be read beside it.
    return halting.whileHalted(tile, async (stands, signal) => {
      const found = await memory.programDifference(tile, image, stands, signal);
      if (typeof found === 'string') return notComparedText(tile, reasonText(found, l10n), l10n);
      const why = found === undefined ? undefined : otherProgramText(tile, found, l10n);
      this.#compared.set(key, why);
      return why;
    });
  }
}

function lineOf(place: BreakpointPlace): { readonly line?: number } {
  return 'path' in place ? { line: place.line } : {};
}

/** What was found of a breakpoint so far. */
interface Found {
  readonly isSet: boolean;
  readonly message: string;
  readonly line: number | undefined;
}

const nothing: Found = { isSet: false, message: '', line: undefined };

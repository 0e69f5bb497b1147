/**
 * Steps over a line: instruction by instruction until another line of the function begins, so that a line that jumps is
 * followed wherever it goes. A call that the line makes runs to its return; a long line runs to where the next one begins.
 * Knows programs and halting, not the debug protocol.
 */
import type { UnreadableReason } from '../model/byte-state.ts';
import { formatTile, type Tile } from '../model/geometry.ts';
import type { DebugInfo } from '../model/program/dwarf/debug-info.ts';
import type { SourcePlace } from '../model/program/dwarf/lines.ts';
import type { Cores } from './cores.ts';
import { type Halting, mostEvents } from './halting.ts';
import type { Programs } from './programs.ts';

/** Instructions of a line that are stepped one by one: each of them is a question to the board. */
const mostInstructions = 64;

/** What came of a part of a step. */
export type StepPart =
  /** The core stands. `isFull`: it would have run on, but both of its addresses are breakpoints. */
  | { readonly kind: 'stands'; readonly cause: 'step' | 'breakpoint'; readonly isFull: boolean }
  /** The core goes on; `Halting.onDidStop` tells its stop. */
  | { readonly kind: 'runs' }
  | { readonly kind: 'not-done'; readonly reason: UnreadableReason; readonly stands: boolean }
  /** Something else was asked of the core meanwhile. */
  | { readonly kind: 'ended' };

/** What steps need of their session. */
export interface LineStepServices {
  readonly cores: Cores;
  readonly programs: Programs;
  readonly halting: Halting;
}

/** A step that has not ended. */
interface LineStep {
  readonly tile: Tile;
  readonly info: DebugInfo;
  /** Where it began, in which line, and how many calls deep with those that are inlined. */
  readonly start: number;
  readonly place: SourcePlace;
  readonly depth: number;
  /** Where the function returns to, if that is known. */
  readonly back: number | undefined;
  /** Instructions that may still be stepped one by one. */
  left: number;
}

export class LineSteps {
  readonly #services: LineStepServices;
  readonly #steps = new Map<string, LineStep>();

  constructor(services: LineStepServices) {
    this.#services = services;
  }

  /**
   * Begins a step of a core that stands. `undefined`: its program tells no line there. Rejects with BoardError; the step is
   * over then.
   * @param pc where the core stands
   * @param back where its function returns to, if that is known
   */
  begin(tile: Tile, pc: number, back: number | undefined): Promise<StepPart> | undefined {
    const info = this.#services.programs.at(tile)?.info;
    const place = info?.placeAt(pc);
    if (info === undefined || place === undefined || place.line === 0) return undefined;
    const depth = info.callsAt(pc).length;
    const step = { tile, info, start: pc, place, depth, back, left: mostInstructions };
    this.#steps.set(formatTile(tile), step);
    return this.#guard(step, () => this.#walk(step));
  }

  /** Goes on with the step of a core that stands behind a part of it; `undefined`: there is none. Rejects as begin() does. */
  goOn(tile: Tile): Promise<StepPart> | undefined {
    const step = this.#steps.get(formatTile(tile));
    return step === undefined
      ? undefined
      : this.#guard(step, async () => {
          const { pc } = await this.#registers(step);
          if (!this.#isAsked(step)) return { kind: 'ended' };
          return (pc === undefined ? undefined : await this.#judge(step, pc)) ?? this.#walk(step);
        });
  }

  /** Something else is asked of the core: what is left of its step is not made. */
  end(tile: Tile): void {
    this.#steps.delete(formatTile(tile));
  }

  /** Ends all of them. */
  endAll(): void {
    this.#steps.clear();
  }

  async #guard(step: LineStep, act: () => Promise<StepPart>): Promise<StepPart> {
    try {
      const part = await act();
      if (!this.#isAsked(step)) return part.kind === 'runs' ? part : { kind: 'ended' };
      if (part.kind !== 'runs') this.end(step.tile);
      return part;
    } catch (thrown) {
      if (this.#isAsked(step)) this.end(step.tile);
      throw thrown;
    }
  }

  #isAsked(step: LineStep): boolean {
    return this.#steps.get(formatTile(step.tile)) === step;
  }

  /** Steps single instructions as long as the core is in the line. */
  async #walk(step: LineStep): Promise<StepPart> {
    const { tile, info, start, back } = step;
    for (; step.left > 0; step.left--) {
      const { reason, stands, counter } = await this.#services.halting.step(tile);
      if (!this.#isAsked(step)) return { kind: 'ended' };
      if (reason !== undefined) return { kind: 'not-done', reason, stands };
      if (!stands) return { kind: 'runs' };
      const part = await this.#judge(step, counter);
      if (part !== undefined) return part;
    }
    const addresses = [info.nextLineAfter(start), back].filter((one) => one !== undefined);
    const part = await this.#runTo(tile, addresses);
    // Its next stop is the end, wherever that is.
    if (part.kind === 'runs') this.end(tile);
    return part;
  }

  /** What a core does next that stands at an address behind a part of its step; `undefined`: it is in the line still. */
  async #judge(step: LineStep, pc: number): Promise<StepPart | undefined> {
    const { tile, info, start, place, depth, back } = step;
    if (this.#services.halting.breakpointsOf(tile).includes(pc)) {
      return { kind: 'stands', cause: 'breakpoint', isFull: false };
    }
    const done: StepPart = { kind: 'stands', cause: 'step', isFull: false };
    const of = info.functionAt(start);
    if (info.functionAt(pc) === of) {
      const here = info.placeAt(pc);
      const isOther =
        here !== undefined && here.line > 0 && (here.line !== place.line || here.file !== place.file);
      return isOther && info.callsAt(pc).length <= depth ? done : undefined;
    }
    if (pc === back) return done;
    // A call comes back into the function; a jump out of it, to where that returns to.
    const { lr } = await this.#registers(step);
    if (!this.#isAsked(step)) return { kind: 'ended' };
    const isCall = lr !== undefined && info.functionAt(lr - 1) === of;
    const target = isCall ? lr : back;
    return target === undefined ? done : this.#runTo(tile, [target]);
  }

  /** What the registers of the core say now. */
  async #registers({ tile }: LineStep): Promise<{ readonly pc?: number; readonly lr?: number }> {
    const { cores } = this.#services;
    await cores.readState(tile);
    return cores.latest(tile)?.status?.core ?? {};
  }

  async #runTo(tile: Tile, addresses: readonly number[]): Promise<StepPart> {
    const { halting } = this.#services;
    const own = halting.breakpointsOf(tile);
    const isRoom = own.length < mostEvents || addresses.every((one) => own.includes(one));
    if (addresses.length === 0 || !isRoom) return { kind: 'stands', cause: 'step', isFull: !isRoom };
    const reason = await halting.runTo(tile, addresses);
    return reason === undefined
      ? { kind: 'runs' }
      : { kind: 'not-done', reason, stands: halting.isHalted(tile) };
  }
}

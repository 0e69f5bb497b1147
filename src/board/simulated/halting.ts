/** Halting of the simulated array's cores by one connection, as the native core does it: consent, notes, the end. */
import { formatTile, type Tile } from '../../model/geometry.ts';
import type { CoreAct, CoreRegisters, CoreState } from '../board.ts';
import { BoardError } from '../errors.ts';
import type { SimulatedArray } from './array.ts';
import type { CoreModel } from './core-model.ts';
import { computingWordsOf, coreWordsOf } from './registers.ts';

/** Breakpoints of a core. */
const mostBreakpoints = 2;
const mostSteps = 15;
const counterBits = 0x3fff;

interface Consent {
  readonly epoch: string;
  /** Cores that were touched, by their tile's text. */
  readonly touched: Map<string, CoreModel>;
}

export class SimulatedHalting {
  readonly #array: SimulatedArray;
  /** By the partition's key. */
  readonly #consents = new Map<string, Consent>();

  constructor(array: SimulatedArray) {
    this.#array = array;
  }

  /** A person allowed it, in this epoch. */
  allow(key: string, epoch: string): void {
    // What an earlier consent left is this one's.
    const touched = this.#consents.get(key)?.touched ?? new Map<string, CoreModel>();
    this.#consents.set(key, { epoch, touched });
  }

  /** The registers of a core that stands. Throws BoardError. */
  read(key: string, epoch: string, tile: Tile): CoreRegisters {
    this.#consent(key, epoch);
    const { debugStatus } = this.#array.core(tile).at(this.#array.now());
    const runs = debugStatus === 0 && this.#array.isCoreEnabled(tile);
    return runs
      ? { reason: 'core-running', words: new Map() }
      : { reason: undefined, words: computingWordsOf(this.#array, tile) };
  }

  /** Acts on a core of the partition, which is in `epoch` now. Throws BoardError. */
  act(key: string, epoch: string, tile: Tile, act: CoreAct): CoreState {
    const consent = this.#consent(key, epoch);
    const core = this.#array.core(tile);
    const place = formatTile(tile);
    const now = this.#array.now();
    if (!consent.touched.has(place) && !core.isUntouched) {
      const { debugStatus } = core.at(now);
      throw new BoardError('debug-in-use', 'somebody else halts it', {
        ...tile,
        register: 'Debug_Status',
        value: debugStatus,
      });
    }
    const isRunning = act.act === 'step' && core.at(now).debugStatus === 0;
    if (isRunning) return { reason: 'core-running', status: 0, debugStatus: 0, counter: 0 };
    doAct(core, act, now);
    consent.touched.set(place, core);
    return { reason: undefined, ...coreWordsOf(this.#array, tile) };
  }

  /** What was allowed in this epoch. Throws BoardError. */
  #consent(key: string, epoch: string): Consent {
    const consent = this.#consents.get(key);
    if (consent === undefined) {
      throw new BoardError('no-halting', 'nobody allowed it', { why: 'not-allowed' });
    }
    if (consent.epoch !== epoch) {
      this.end(key);
      throw new BoardError('epoch', 'another epoch began', { have: epoch, epoch: consent.epoch });
    }
    return consent;
  }

  /** Lets all cores of a partition go on. */
  end(key: string): void {
    for (const core of this.#consents.get(key)?.touched.values() ?? []) {
      core.setBreakpoints(this.#array.now(), []);
      core.resume(this.#array.now());
    }
    this.#consents.delete(key);
  }

  /** Ends what is not of its partition's present epoch. */
  tend(epochOf: (key: string) => string | undefined): void {
    for (const [key, { epoch }] of [...this.#consents]) if (epochOf(key) !== epoch) this.end(key);
  }

  endAll(): void {
    for (const key of [...this.#consents.keys()]) this.end(key);
  }
}

function doAct(core: CoreModel, act: CoreAct, now: number): void {
  switch (act.act) {
    case 'halt':
      core.halt(now);
      break;
    case 'resume':
      core.resume(now);
      break;
    case 'step':
      if (act.count < 1 || act.count > mostSteps) throw new BoardError('out-of-range', 'steps of a core');
      core.step(now, act.count);
      break;
    case 'breakpoints':
      if (act.counters.length > mostBreakpoints || act.counters.some((one) => one < 0 || one > counterBits)) {
        throw new BoardError('out-of-range', 'breakpoints of a core');
      }
      core.setBreakpoints(now, act.counters);
  }
}

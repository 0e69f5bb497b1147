/**
 * A core of the simulated array as its debug registers see it, written from their descriptions: a program that moves, halts,
 * steps, and breakpoints. Time is given by the caller, so that nothing runs between two looks. Pure.
 */

/** Milliseconds per instruction. */
const instructionMs = 10;

/** Debug_Status: halted, and at which of the two events that Debug_Control1 names. */
const haltedBit = 1;
const eventBit = 1 << 5;

/** What a core shows at one moment. */
export interface CoreSight {
  readonly counter: number;
  /** Debug_Status; 0: not halted. */
  readonly debugStatus: number;
}

export class CoreModel {
  /** Program counters of one round of the program. */
  readonly #round: readonly number[];
  /** Instructions done until `#since`. */
  #done = 0;
  #since: number;
  #debugStatus = 0;
  #breakpoints: readonly number[] = [];
  /** Steps that wait until the core moves. */
  #steps = 0;
  /** The next instruction is done, whatever breakpoint is at its address. */
  #letGo = false;
  #moves: boolean;

  /**
   * `now`: milliseconds. `moves`: it is enabled and waits for nothing. `round`: the program counters that it goes through
   * again and again, at least one.
   */
  constructor(now: number, moves: boolean, round: readonly number[]) {
    this.#round = round;
    this.#done = Math.floor(now / instructionMs);
    this.#since = this.#done * instructionMs;
    this.#done %= round.length;
    this.#moves = moves;
  }

  /** Whether nothing of a debugger is in its registers. */
  get isUntouched(): boolean {
    return this.#debugStatus === 0 && this.#steps === 0 && this.#breakpoints.length === 0;
  }

  at(now: number): CoreSight {
    this.#catchUp(now);
    return { counter: this.#counter, debugStatus: this.#debugStatus };
  }

  /** It begins or ceases to move: enabled, disabled, a lock that comes or is missing. */
  setMoving(now: number, moves: boolean): void {
    if (moves === this.#moves) return;
    this.#catchUp(now);
    this.#moves = moves;
    this.#since = now;
    this.#step();
  }

  halt(now: number): void {
    this.#catchUp(now);
    this.#steps = 0;
    this.#debugStatus ||= haltedBit;
  }

  resume(now: number): void {
    this.#catchUp(now);
    this.#steps = 0;
    this.#letGo ||= this.#debugStatus !== 0;
    this.#debugStatus = 0;
    this.#since = now;
  }

  /** Does so many instructions of a halted core, and halts with no cause. In a stall they are done when it is over. */
  step(now: number, count: number): void {
    this.resume(now);
    this.#steps = count;
    this.#step();
  }

  /** Addresses before whose instructions it halts. */
  setBreakpoints(now: number, counters: readonly number[]): void {
    this.#catchUp(now);
    this.#breakpoints = [...counters];
  }

  get #counter(): number {
    return this.#round[this.#done % this.#round.length] ?? 0;
  }

  #step(): void {
    while (this.#steps > 0 && this.#moves && this.#instruct()) {
      this.#steps--;
      if (this.#steps === 0) this.#debugStatus = haltedBit;
    }
  }

  /** Does one instruction, unless a breakpoint is at it. */
  #instruct(): boolean {
    const at = this.#breakpoints.indexOf(this.#counter);
    if (at >= 0 && !this.#letGo) {
      this.#debugStatus = haltedBit | (eventBit << at);
      this.#steps = 0;
      return false;
    }
    this.#letGo = false;
    this.#done++;
    return true;
  }

  #catchUp(now: number): void {
    if (this.#debugStatus !== 0 || !this.#moves || this.#steps > 0) {
      this.#since = now;
      return;
    }
    const due = Math.max(0, Math.floor((now - this.#since) / instructionMs));
    this.#since += due * instructionMs;
    // After a whole round nothing new is met.
    const first = this.#breakpoints.length === 0 ? due : Math.min(due, this.#round.length + 1);
    if (this.#breakpoints.length === 0) {
      this.#letGo &&= due === 0;
      this.#done += due;
      return;
    }
    for (let i = 0; i < first; i++) if (!this.#instruct()) return;
    this.#done += due - first;
  }
}

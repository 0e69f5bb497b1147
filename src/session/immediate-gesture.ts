/** A gesture that is written without an apply, and its undo rule. Knows no board and no policy. */
import type { StageRun, WriteRun } from './edit-stack.ts';
import type { ApplyReport, Gesture } from './types.ts';

/** Writes what is staged of the runs, as an apply does; nothing where `mayWrite` says no once its turn came. */
type ApplyRuns = (
  runs: readonly WriteRun[],
  signal: AbortSignal,
  mayWrite: () => boolean,
) => Promise<ApplyReport>;

/**
 * What a person typed while its editor wrote at once. `undo` and `redo` are local, as with any gesture; `write` puts on the
 * device what the last of them staged, and nothing else: bytes over which something else was typed meanwhile, or under which
 * an edit of another gesture comes to light, stay staged.
 *
 * The undo rule: what the device held before comes back where the device still holds what was written. Elsewhere it stays
 * staged, as a conflict. The board compares.
 */
export class ImmediateGesture implements Gesture {
  readonly #gesture: Gesture;
  readonly #runs: readonly StageRun[];
  readonly #apply: ApplyRuns;
  #isUndone = false;

  constructor(gesture: Gesture, runs: readonly StageRun[], apply: ApplyRuns) {
    this.#gesture = gesture;
    this.#runs = runs;
    this.#apply = apply;
  }

  get document(): string {
    return this.#gesture.document;
  }
  get label(): string {
    return this.#gesture.label;
  }
  undo(): void {
    this.#gesture.undo();
    this.#isUndone = true;
  }
  redo(): void {
    this.#gesture.redo();
    this.#isUndone = false;
  }

  /**
   * Writes the gesture, or what its undo brought back. Rejects as an apply does; everything stays staged then.
   * @param mayWrite asked right before it goes out: others may be written first. Where it says no, everything stays staged
   */
  write(signal: AbortSignal, mayWrite = (): boolean => true): Promise<ApplyReport> {
    const runs = this.#runs.map(({ offset, bytes, seen }) => ({
      offset,
      length: bytes.length,
      only: this.#isUndone ? seen : bytes,
    }));
    return this.#apply(runs, signal, mayWrite);
  }
}

/**
 * Which debug sessions are stopped, by what they say to VS Code and what VS Code asks of them. Knows the messages of the
 * Debug Adapter Protocol that tell it; not who debugs what, nor VS Code.
 */
import * as v from 'valibot';
import { Emitter } from '../model/event.ts';
import { fitting } from '../model/shapes.ts';

/** Requests that make a session run. */
const goesOn: ReadonlySet<string> = new Set([
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'goto',
  'restart',
  'disconnect',
  'terminate',
]);

const messageShape = v.union([
  v.object({ type: v.literal('event'), event: v.string() }),
  v.object({ type: v.literal('request'), command: v.string() }),
]);

export class DebugStops {
  readonly #stopped = new Set<string>();
  readonly #changed = new Emitter<boolean>();
  /** Fires with true at every stop of any session, with false when none is stopped any more. */
  readonly onDidChange = this.#changed.event;

  /** A message of a session, in either direction. */
  heard(session: string, raw: unknown): void {
    const message = fitting(messageShape, raw);
    if (message === undefined) return;
    if (message.type === 'request') {
      if (goesOn.has(message.command)) this.#go(session);
    } else if (message.event === 'stopped') {
      this.#stopped.add(session);
      this.#changed.fire(true);
    } else if (['continued', 'terminated', 'exited'].includes(message.event)) this.#go(session);
  }

  /** The session is over. */
  ended(session: string): void {
    this.#go(session);
  }

  #go(session: string): void {
    if (this.#stopped.delete(session) && this.#stopped.size === 0) this.#changed.fire(false);
  }
}

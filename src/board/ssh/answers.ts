/**
 * Secrets during one connect. They come from the person's prompts (or their store) and are kept here only until the connect
 * is over, so that two hops with the same key ask for its passphrase once.
 */
import type { BoardLog } from '../board.ts';
import { throwIfCancelled } from '../errors.ts';
import { codeAndMessage } from './failures.ts';
import type { SecretRequest, SshPrompts } from './prompts.ts';

export class Answers {
  readonly #prompts: SshPrompts;
  readonly #signal: AbortSignal;
  readonly #log: BoardLog;
  readonly #passphrases: Map<string, string>;

  constructor(
    prompts: SshPrompts,
    signal: AbortSignal,
    log: BoardLog,
    passphrases = new Map<string, string>(),
  ) {
    this.#log = log;
    this.#prompts = prompts;
    this.#signal = signal;
    this.#passphrases = passphrases;
  }

  /** The same answers, for questions that lose their sense when `signal` aborts. */
  until(signal: AbortSignal): Answers {
    return new Answers(this.#prompts, signal, this.#log, this.#passphrases);
  }

  /** @throws BoardError `cancelled` */
  async ask(request: SecretRequest): Promise<string | undefined> {
    throwIfCancelled(this.#signal);
    const known = request.path === undefined ? undefined : this.#passphrases.get(request.path);
    if (known !== undefined && !request.retry) return known;
    const value = await this.#prompts.secret(request, this.#signal);
    throwIfCancelled(this.#signal);
    return value;
  }

  async worked(request: SecretRequest, value: string): Promise<void> {
    if (request.kind === 'passphrase' && request.path !== undefined)
      this.#passphrases.set(request.path, value);
    await this.#store(() => this.#prompts.rememberSecret(request, value));
  }

  async failed(request: SecretRequest): Promise<void> {
    if (request.path !== undefined) this.#passphrases.delete(request.path);
    await this.#store(() => this.#prompts.forgetSecret(request));
  }

  /** A storage that does not work costs a question next time, not the connection. */
  async #store(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.warn(`secret storage: ${codeAndMessage(error).message}`);
    }
  }
}

/**
 * Proving who the person is to one server: none, keys (agent and files), keyboard-interactive, password, empty password,
 * in the order that the configuration prefers and as far as the server offers them.
 */
import type { AnyAuthMethod, KeyboardInteractiveAuthMethod } from 'ssh2';
import { clean } from '../../model/plain.ts';
import type { BoardLog } from '../board.ts';
import { BoardError } from '../errors.ts';
import type { Patience } from '../patience.ts';
import type { Answers } from './answers.ts';
import type { ResolvedHost } from './config.ts';
import { cancelled } from './failures.ts';
import { gatherIdentities, type KeyHelp, type KeyProblem } from './identities.ts';
import { knownHostName } from './known-hosts.ts';
import type { SecretRequest } from './prompts.ts';
import type { SshTimeouts } from './target.ts';

/** What the server said to the last attempt. */
interface Feedback {
  /** Methods that can go on; `null` before the first attempt. */
  readonly left: readonly string[] | null;
  /** The last attempt was right, but another factor is wanted. */
  readonly partial: boolean;
}

const maxFactors = 8;

export class Authentication {
  /** In words, in order, for the error: what was offered to the server. */
  readonly tried: string[] = [];
  readonly #host: ResolvedHost;
  readonly #label: string;
  readonly #answers: Answers;
  readonly #patience: Patience;
  readonly #log: BoardLog;
  readonly #fail: (error: BoardError) => void;
  readonly #attempts: AsyncGenerator<AnyAuthMethod, void, Feedback>;
  readonly #times: SshTimeouts;
  #problems: readonly KeyProblem[] = [];
  #offered: readonly string[] = [];
  /** The secret whose fate the server's next answer decides. */
  #pending: { request: SecretRequest; value: string } | undefined;

  /** @param fail ends the connection: the person declined, or something unexpected happened */
  constructor(options: {
    host: ResolvedHost;
    answers: Answers;
    patience: Patience;
    times: SshTimeouts;
    log: BoardLog;
    fail: (error: BoardError) => void;
  }) {
    this.#host = options.host;
    this.#label = knownHostName(options.host.hostName, options.host.port);
    this.#answers = options.answers;
    this.#patience = options.patience;
    this.#times = options.times;
    this.#log = options.log;
    this.#fail = options.fail;
    this.#attempts = this.#run();
  }

  /** For ssh2's `authHandler`: called with the answer to the last attempt, answers with the next one or `false`. */
  next(
    left: readonly string[] | null,
    partial: boolean | null,
    answer: (next: AnyAuthMethod | false) => void,
  ): void {
    this.#offered = left ?? this.#offered;
    this.#settle(partial === true)
      .then(() => this.#attempts.next({ left, partial: partial === true }))
      .then((result) => {
        this.#patience.arm(`authentication at ${this.#label}`, this.#times.handshake);
        answer(result.done === true ? false : result.value);
      })
      .catch((error: unknown) => {
        this.#fail(
          error instanceof BoardError ? error : new BoardError('internal', String(error), {}, error),
        );
      });
  }

  /** The server let us in. */
  succeeded(): Promise<void> {
    return this.#settle(true);
  }

  /** The error when nothing is left to try. */
  failure(reason: string): BoardError {
    const { hostName, port, user } = this.#host;
    const facts = {
      host: hostName,
      port,
      user,
      tried: this.tried.join(', '),
      offered: this.#offered.join(', '),
    };
    const given = this.#host.identitiesGiven ? this.#problems[0] : undefined;
    if (given !== undefined) {
      return new BoardError('key-unreadable', `${given.path}: ${given.reason}; tried ${facts.tried}`, {
        ...facts,
        path: given.path,
        reason: given.reason,
      });
    }
    const detail = `${user} at ${this.#label}: ${reason}; tried ${facts.tried}; offered ${facts.offered}`;
    return new BoardError('auth-failed', detail, { ...facts, reason });
  }

  /** Tells the store what became of the last secret. */
  async #settle(worked: boolean): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    if (worked) await this.#answers.worked(pending.request, pending.value);
    else await this.#answers.failed(pending.request);
  }

  async *#run(): AsyncGenerator<AnyAuthMethod, void, Feedback> {
    const username = this.#host.user;
    this.tried.push('none');
    let feedback = yield { type: 'none', username };
    const done = new Set<string>();
    let emptyTried = false;
    for (let factors = 0; factors < maxFactors; ) {
      const method = this.#host.methods.find((m) => !done.has(m) && (feedback.left?.includes(m) ?? true));
      if (method === undefined) {
        if (emptyTried || !this.#host.methods.includes('password') || !feedback.left?.includes('password'))
          return;
        emptyTried = true;
        this.tried.push('empty password');
        feedback = yield { type: 'password', username, password: '' };
      } else {
        done.add(method);
        if (method === 'publickey') feedback = yield* this.#keys(username, feedback);
        else if (method === 'keyboard-interactive') feedback = yield* this.#questions(username, feedback);
        else feedback = yield* this.#password(username, feedback);
      }
      if (feedback.partial) {
        // One factor is through: the server's list says what may follow, in any order, even the same method again.
        factors++;
        done.clear();
      }
    }
  }

  async *#keys(username: string, before: Feedback): AsyncGenerator<AnyAuthMethod, Feedback, Feedback> {
    const agent = await gatherIdentities(this.#host, this.#label, this.#help(), this.#log);
    this.#problems = agent.problems;
    if (agent.labels.length === 0) return { left: before.left, partial: false };
    this.tried.push(...agent.labels.map((label) => (label.startsWith('agent: ') ? label : `key ${label}`)));
    const feedback = yield { type: 'agent', username, agent };
    if (!agent.signed) return feedback;
    // ssh2 keeps an agent's failures to itself: a signature that did not let us in was either one factor of several or
    // refused, and what may follow is not known. Asking for the next method tells.
    return { left: this.#host.methods.filter((method) => method !== 'publickey'), partial: false };
  }

  async *#password(username: string, before: Feedback): AsyncGenerator<AnyAuthMethod, Feedback, Feedback> {
    let feedback: Feedback = { left: before.left, partial: false };
    for (let i = 0; i < this.#host.passwordPrompts; i++) {
      const request = this.#request('password', i > 0);
      const password = await this.#ask(request);
      this.#pending = { request, value: password };
      if (i === 0) this.tried.push('password');
      feedback = yield { type: 'password', username, password };
      if (feedback.partial || feedback.left?.includes('password') !== true) break;
    }
    return feedback;
  }

  async *#questions(username: string, before: Feedback): AsyncGenerator<AnyAuthMethod, Feedback, Feedback> {
    let feedback: Feedback = { left: before.left, partial: false };
    this.tried.push('keyboard-interactive');
    for (let i = 0; i < this.#host.passwordPrompts; i++) {
      let asked = false;
      const prompt: KeyboardInteractiveAuthMethod['prompt'] = (
        _name,
        _instructions,
        _language,
        questions,
        finish,
      ) => {
        asked ||= questions.length > 0;
        this.#answerAll(questions, i > 0).then(finish, (error: unknown) => {
          this.#fail(
            error instanceof BoardError ? error : new BoardError('internal', String(error), {}, error),
          );
        });
      };
      feedback = yield { type: 'keyboard-interactive', username, prompt };
      // A server that never asked would not ask next time either.
      if (!asked || feedback.partial || feedback.left?.includes('keyboard-interactive') !== true) break;
    }
    return feedback;
  }

  async #answerAll(
    questions: readonly { prompt: string; echo?: boolean }[],
    retry: boolean,
  ): Promise<string[]> {
    const answers: string[] = [];
    for (const question of questions) {
      const echo = question.echo === true;
      const request = {
        ...this.#request('keyboard-interactive', retry),
        prompt: clean(question.prompt),
        echo,
      };
      const value = await this.#ask(request);
      // Only a single hidden answer is worth keeping: several, or visible ones, are one-time codes more often than not.
      if (questions.length === 1 && !echo) this.#pending = { request, value };
      answers.push(value);
    }
    this.#patience.arm(`authentication at ${this.#label}`, this.#times.handshake);
    return answers;
  }

  #request(kind: SecretRequest['kind'], retry: boolean): SecretRequest {
    return { kind, host: this.#label, user: this.#host.user, retry };
  }

  async #ask(request: SecretRequest): Promise<string> {
    const value = await this.#patience.whileAsking(() => this.#answers.ask(request));
    if (value === undefined) throw cancelled();
    return value;
  }

  #help(): KeyHelp {
    return {
      agentTime: this.#times.agent,
      wait: (work) => this.#patience.whileAsking(work),
      ask: (request: SecretRequest) => this.#patience.whileAsking(() => this.#answers.ask(request)),
      worked: (request: SecretRequest, value: string) => this.#answers.worked(request, value),
      failed: (request: SecretRequest) => this.#answers.failed(request),
    };
  }
}

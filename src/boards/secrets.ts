/**
 * The person, as the boards see them: questions about host keys and secrets. Secrets live in VS Code's secret storage
 * and nowhere else; global state keeps only the names under which they are stored, so that they can be forgotten.
 */
import * as v from 'valibot';
import * as vscode from 'vscode';
import type {
  ChangedHostKeyQuestion,
  HostKeyQuestion,
  SecretRequest,
  SshPrompts,
} from '../board/ssh/prompts.ts';
import { fittingItems } from '../model/shapes.ts';
import { agreesTo, askText, sayInformation, type TextQuestion } from '../say/say.ts';

const namesKey = 'tilescope.secretNames';

/** The name of a secret; equal requests have equal names. */
function nameOf(request: SecretRequest): string {
  const parts = [request.kind, request.user ?? '', request.host, request.path ?? '', request.prompt ?? ''];
  return `tilescope:${JSON.stringify(parts)}`;
}

export class Secrets implements SshPrompts {
  readonly #storage: vscode.SecretStorage;
  readonly #names: vscode.Memento;
  readonly #onFailure: (error: unknown) => void;
  /** Requests whose secret came from the store, or that the person does not want stored, in this run. */
  readonly #settled = new Set<string>();

  /** @param onFailure told when a secret cannot be stored */
  constructor(storage: vscode.SecretStorage, names: vscode.Memento, onFailure: (error: unknown) => void) {
    this.#storage = storage;
    this.#names = names;
    this.#onFailure = onFailure;
  }

  async confirmHostKey(question: HostKeyQuestion, signal: AbortSignal): Promise<boolean> {
    const known =
      question.knownTypes.length === 0
        ? ''
        : `\n\n${vscode.l10n.t('Other keys of this host are known: {0}. A host does not get a new type of key by itself.', question.knownTypes.join(', '))}`;
    const agreed = await unlessAborted(
      agreesTo({
        title: vscode.l10n.t('The host {0} is not known yet.', question.host),
        detail: `${vscode.l10n.t('Its {0} key has the fingerprint\n{1}\n\nCompare it with the one that the board shows. It is remembered in known_hosts.', question.algorithm, question.fingerprint)}${known}`,
        agree: vscode.l10n.t('Connect'),
      }),
      signal,
    );
    return agreed === true;
  }

  async replaceHostKey(question: ChangedHostKeyQuestion, signal: AbortSignal): Promise<boolean> {
    const agreed = await unlessAborted(
      agreesTo({
        title: vscode.l10n.t(
          'The key of {0} has changed. Someone may be between you and the board.',
          question.host,
        ),
        detail: vscode.l10n.t(
          'Known {0} key: {1}\nKey offered now: {2}\n\nThe known key stands in {3}, line {4}. Boards that run from a RAM disk make a new key at every boot.',
          question.algorithm,
          question.oldFingerprint,
          question.newFingerprint,
          question.file,
          question.line,
        ),
        agree: vscode.l10n.t('Replace Key...'),
        danger: true,
      }),
      signal,
    );
    if (agreed !== true) return false;
    const typed = await askWhile(signal, {
      title: vscode.l10n.t('Replace the key of {0}', question.host),
      prompt: vscode.l10n.t('Type the name of the host to replace its key: {0}', question.host),
      refuse: (text) =>
        text === question.host ? undefined : vscode.l10n.t('This is not the name of the host.'),
    });
    return typed === question.host;
  }

  async secret(request: SecretRequest, signal: AbortSignal): Promise<string | undefined> {
    const name = nameOf(request);
    if (!request.retry && request.echo !== true) {
      const stored = await this.#storage.get(name);
      if (stored !== undefined) {
        this.#settled.add(name);
        return stored;
      }
    }
    this.#settled.delete(name);
    return askWhile(signal, {
      title: titleOf(request),
      prompt: request.retry
        ? vscode.l10n.t('The last answer was not accepted. Try again.')
        : (request.prompt ?? ''),
      password: request.echo !== true,
    });
  }

  async rememberSecret(request: SecretRequest, value: string): Promise<void> {
    const name = nameOf(request);
    if (request.echo === true || this.#settled.has(name)) return;
    this.#settled.add(name);
    const keep = vscode.l10n.t('Keep');
    // Not awaited: connecting goes on while the question stands.
    sayInformation(
      vscode.l10n.t('Keep this answer in the secret storage? {0}', titleOf(request)),
      keep,
      vscode.l10n.t('Not Now'),
    )
      .then((chosen) => (chosen === keep ? this.#keep(name, value) : undefined))
      .then(undefined, this.#onFailure);
  }

  async forgetSecret(request: SecretRequest): Promise<void> {
    await this.#storage.delete(nameOf(request));
  }

  /** Deletes every stored secret; returns how many there were. */
  async forgetAll(): Promise<number> {
    const names = this.#stored();
    for (const name of names) await this.#storage.delete(name);
    await this.#names.update(namesKey, undefined);
    this.#settled.clear();
    return names.length;
  }

  async #keep(name: string, value: string): Promise<void> {
    await this.#storage.store(name, value);
    await this.#names.update(namesKey, [...new Set([...this.#stored(), name])]);
  }

  #stored(): string[] {
    return fittingItems(v.string(), this.#names.get(namesKey));
  }
}

function titleOf(request: SecretRequest): string {
  const place = request.user === undefined ? request.host : `${request.user}@${request.host}`;
  switch (request.kind) {
    case 'password':
      return vscode.l10n.t('Password of {0}', place);
    case 'passphrase':
      return vscode.l10n.t('Passphrase of the key {0}', request.path ?? '');
    case 'keyboard-interactive':
      return vscode.l10n.t('{0} asks', place);
    case 'sudo':
      return vscode.l10n.t('Password for sudo of {0}', place);
  }
}

/** Asks in a box that closes when `signal` aborts. Does not ask if it is aborted already. */
async function askWhile(signal: AbortSignal, question: TextQuestion): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const source = new vscode.CancellationTokenSource();
  const stop = () => source.cancel();
  signal.addEventListener('abort', stop);
  try {
    return await askText(question, source.token);
  } finally {
    signal.removeEventListener('abort', stop);
    source.dispose();
  }
}

/** The answer, or `undefined` as soon as the question has become pointless. */
function unlessAborted<T>(answer: Thenable<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    answer.then(resolve, reject);
  });
}

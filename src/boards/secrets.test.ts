import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { SecretRequest } from '../board/ssh/prompts.ts';

/** What the person does with the dialogs, and what the dialogs said. */
const person = {
  input: vi.fn(),
  information: vi.fn(),
  warning: vi.fn(),
  error: vi.fn(),
};

/** Closes the box that was opened with it. */
class FakeToken {
  cancel: () => void = () => {};
}

/** A box that stays open until its token closes it. */
const openBox = (_: unknown, token: FakeToken) =>
  new Promise<undefined>((resolve) => {
    token.cancel = () => resolve(undefined);
  });

vi.mock('vscode', () => ({
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  window: {
    showInputBox: (...args: unknown[]) => person.input(...args),
    showInformationMessage: (...args: unknown[]) => person.information(...args),
    showWarningMessage: (...args: unknown[]) => person.warning(...args),
    showErrorMessage: (...args: unknown[]) => person.error(...args),
  },
  CancellationTokenSource: class {
    token = new FakeToken();
    cancel() {
      this.token.cancel();
    }
    dispose() {}
  },
}));

const { Secrets } = await import('./secrets.ts');

const request: SecretRequest = { kind: 'password', host: 'board', user: 'root', retry: false };
const never = new AbortController().signal;

function make() {
  const stored = new Map<string, string>();
  const state = new Map<string, unknown>();
  const storage = {
    get: async (name: string) => stored.get(name),
    store: async (name: string, value: string) => void stored.set(name, value),
    delete: async (name: string) => void stored.delete(name),
    keys: async () => [...stored.keys()],
    onDidChange: () => ({ dispose: () => undefined }),
  };
  const memento = {
    get: (name: string) => state.get(name),
    update: async (name: string, value: unknown) => void state.set(name, value),
    keys: () => [...state.keys()],
  };
  const failures: unknown[] = [];
  const secrets = new Secrets(storage, memento as never, (error) => failures.push(error));
  return { secrets, stored, state, failures };
}

describe('secrets [main-13]', () => {
  beforeEach(() => {
    for (const dialog of Object.values(person)) dialog.mockReset();
  });

  test('a secret is asked for behind dots, and kept in the secret storage only after it worked and only if wanted', async () => {
    const { secrets, stored, state } = make();
    person.input.mockResolvedValue('hunter2');
    expect(await secrets.secret(request, never)).toBe('hunter2');
    expect(person.input.mock.calls[0]?.[0]).toMatchObject({
      password: true,
      title: 'Password of root@board',
    });
    expect(stored.size).toBe(0);

    person.information.mockResolvedValue('Keep');
    await secrets.rememberSecret(request, 'hunter2');
    await expect.poll(() => [...stored.values()]).toEqual(['hunter2']);
    await expect.poll(() => state.size).toBe(1);
    expect(JSON.stringify([...state])).not.toContain('hunter2');

    person.input.mockClear();
    expect(await secrets.secret(request, never)).toBe('hunter2');
    expect(person.input).not.toHaveBeenCalled();
  });

  test('connecting does not wait for the question whether to keep it; "Not Now" keeps nothing', async () => {
    const { secrets, stored } = make();
    let answer: (value: string) => void = () => undefined;
    person.information.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    await secrets.rememberSecret(request, 'hunter2');
    answer('Not Now');
    await Promise.resolve();
    expect(stored.size).toBe(0);
    await secrets.rememberSecret(request, 'hunter2');
    expect(person.information).toHaveBeenCalledTimes(1);
  });

  test('a stored secret that failed is forgotten and asked for anew', async () => {
    const { secrets, stored } = make();
    person.information.mockResolvedValue('Keep');
    await secrets.rememberSecret(request, 'old');
    await expect.poll(() => stored.size).toBe(1);
    await secrets.forgetSecret(request);
    expect(stored.size).toBe(0);
    person.input.mockResolvedValue('new');
    expect(await secrets.secret({ ...request, retry: true }, never)).toBe('new');
  });

  test('a one-time answer is shown while typed, and never kept', async () => {
    const { secrets, stored } = make();
    const code: SecretRequest = {
      kind: 'keyboard-interactive',
      host: 'board',
      prompt: 'Code:',
      echo: true,
      retry: false,
    };
    person.input.mockResolvedValue('123456');
    await secrets.secret(code, never);
    expect(person.input.mock.calls[0]?.[0]).toMatchObject({ password: false, prompt: 'Code:' });
    await secrets.rememberSecret(code, '123456');
    expect(person.information).not.toHaveBeenCalled();
    expect(stored.size).toBe(0);
  });

  test('all stored secrets can be forgotten at once', async () => {
    const { secrets, stored } = make();
    person.information.mockResolvedValue('Keep');
    await secrets.rememberSecret(request, 'a');
    await expect.poll(() => stored.size).toBe(1);
    await expect.poll(() => secrets.forgetAll()).toBe(1);
    expect(stored.size).toBe(0);
  });
});

describe('host keys [main-14]', () => {
  beforeEach(() => {
    for (const dialog of Object.values(person)) dialog.mockReset();
  });
  const changed = {
    host: '[board]:2222',
    algorithm: 'ssh-ed25519',
    oldFingerprint: 'SHA256:old',
    newFingerprint: 'SHA256:new',
    file: '~/.ssh/known_hosts',
    line: 3,
  };

  test('an unknown host is shown with its fingerprint, and closing the dialog means no', async () => {
    const { secrets } = make();
    person.warning.mockResolvedValueOnce('Connect').mockResolvedValueOnce(undefined);
    const question = { host: 'board', algorithm: 'ssh-ed25519', fingerprint: 'SHA256:abc', knownTypes: [] };
    expect(await secrets.confirmHostKey(question, never)).toBe(true);
    expect(await secrets.confirmHostKey(question, never)).toBe(false);
    expect(JSON.stringify(person.warning.mock.calls[0])).toContain('SHA256:abc');
  });

  test('a changed key is replaced only after the name of the host was typed', async () => {
    const { secrets } = make();
    person.error.mockResolvedValue('Replace Key...');
    person.input.mockResolvedValueOnce(undefined).mockResolvedValueOnce('[board]:2222');
    expect(await secrets.replaceHostKey(changed, never)).toBe(false);
    expect(await secrets.replaceHostKey(changed, never)).toBe(true);
    const said = JSON.stringify(person.error.mock.calls[0]);
    for (const fact of ['SHA256:old', 'SHA256:new', 'known_hosts', 'line 3']) expect(said).toContain(fact);
    const check = person.input.mock.calls[0]?.[0] as { validateInput: (text: string) => string | undefined };
    expect(check.validateInput('board')).toBeDefined();
    expect(check.validateInput('[board]:2222')).toBeUndefined();
  });

  test('[truth-18] a box for a secret or a name closes with its link', async () => {
    const { secrets } = make();
    person.input.mockImplementation(openBox);
    person.error.mockResolvedValue('Replace Key...');
    for (const ask of [
      (signal: AbortSignal) => secrets.secret(request, signal),
      (signal: AbortSignal) => secrets.replaceHostKey(changed, signal),
    ]) {
      person.input.mockClear();
      const link = new AbortController();
      const asked = ask(link.signal);
      await expect.poll(() => person.input.mock.calls).toHaveLength(1);
      link.abort();
      expect(await asked).toBeFalsy();
      // A link that went while the secret storage was asked opens no box that nothing would close.
      const late = ask(link.signal);
      expect(await late).toBeFalsy();
      expect(person.input).toHaveBeenCalledTimes(1);
    }
  });

  test('a question that has become pointless is answered with no', async () => {
    const { secrets } = make();
    person.error.mockReturnValue(new Promise(() => undefined));
    const abort = new AbortController();
    const asked = secrets.replaceHostKey(changed, abort.signal);
    abort.abort();
    expect(await asked).toBe(false);
  });
});

/** Asks for a board that is reached over SSH: host, user, identity, device (when edited), sudo, name. */
import { homedir, hostname } from 'node:os';
import * as vscode from 'vscode';
import { parseTypedHost, type TypedHost } from '../board/ssh/config.ts';
import { type Answer, ask, back, type Choice, inOrder, pick } from '../say/multi-step.ts';
import { newBoardId, type SshConfig } from './board-config.ts';
import { askDevice, askSudo, defaultDevice } from './entry-steps.ts';

/** What a person typed as host, taken apart; `undefined` if it cannot be a host. */
function splitHost(typed: string): TypedHost | undefined {
  try {
    return parseTypedHost(typed);
  } catch {
    return undefined;
  }
}

/** The present entry as the host text that a person would type. */
function hostText(config: SshConfig): string {
  return config.port === undefined ? config.host : `${config.host}:${config.port}`;
}

/**
 * Asks for a new entry, or changes one. Resolves with `undefined` if the person ended it.
 *
 * @param knownHosts aliases of the ssh configuration, to pick from
 */
export async function askSshEntry(
  knownHosts: readonly string[],
  taken: ReadonlySet<string>,
  present?: SshConfig,
): Promise<SshConfig | undefined> {
  const title =
    present === undefined
      ? vscode.l10n.t('Add Board over SSH, from {0}', hostname())
      : vscode.l10n.t('Edit Board {0}', present.label);
  let host = present === undefined ? '' : hostText(present);
  let user = present?.user ?? '';
  let identityFile = present?.identityFile ?? '';
  let sudo = present?.sudo ?? false;
  let device = present?.device;
  let label = present?.label ?? '';
  // A new board is added quickly: most have one device, at the usual place.
  const totalSteps = present === undefined ? 5 : 6;
  const frame = (step: number) => ({ title, step, totalSteps });

  const steps: (() => Promise<Answer<unknown>>)[] = [
    async () => {
      const choices: Choice<string>[] = knownHosts.map((name) => ({
        label: name,
        description: vscode.l10n.t('from the ssh configuration'),
        value: name,
      }));
      if (host !== '' && !knownHosts.includes(host)) choices.unshift({ label: host, value: host });
      const answer = await pick<string>(frame(1), {
        placeholder: vscode.l10n.t('Host: an alias, a name, an address, or user@host:port'),
        choices,
        active: host,
        free: (text) => {
          const wanted = text.trim();
          return splitHost(wanted) === undefined
            ? undefined
            : { label: wanted, description: vscode.l10n.t('this host'), alwaysShow: true, value: wanted };
        },
      });
      if (typeof answer === 'string') {
        host = answer;
        user = splitHost(answer)?.user ?? user;
      }
      return answer;
    },
    async () => {
      const answer = await ask(frame(2), {
        prompt: vscode.l10n.t('User on the board. Leave empty to use the ssh configuration.'),
        placeholder: vscode.l10n.t('as configured'),
        value: user,
        refuse: (text) => (/\s/.test(text.trim()) ? vscode.l10n.t('A user name has no spaces.') : undefined),
      });
      if (typeof answer === 'string') user = answer.trim();
      return answer;
    },
    async () => {
      const choose = 'choose';
      const choices: Choice<string>[] = [
        {
          label: vscode.l10n.t('As configured'),
          description: vscode.l10n.t('ssh configuration, agent, default keys, password'),
          value: '',
        },
        { label: vscode.l10n.t('Choose a key file...'), value: choose },
      ];
      if (identityFile !== '') choices.unshift({ label: identityFile, value: identityFile });
      const answer = await pick(frame(3), {
        placeholder: vscode.l10n.t('How to prove who you are'),
        choices,
        active: identityFile,
      });
      if (answer === choose) {
        const files = await vscode.window.showOpenDialog({
          title: vscode.l10n.t('Private key'),
          defaultUri: vscode.Uri.joinPath(vscode.Uri.file(homedir()), '.ssh'),
        });
        identityFile = files?.[0]?.fsPath ?? identityFile;
      } else if (typeof answer === 'string') identityFile = answer;
      return answer;
    },
    ...(present === undefined
      ? []
      : [
          async () => {
            const answer = await askDevice(frame(4), device ?? defaultDevice);
            if (typeof answer === 'string') device = answer === defaultDevice ? undefined : answer;
            return answer;
          },
        ]),
    async () => {
      const answer = await askSudo(frame(totalSteps - 1), sudo);
      if (typeof answer === 'boolean') sudo = answer;
      return answer;
    },
    async () => {
      const answer = await ask(frame(totalSteps), {
        prompt: vscode.l10n.t('Name of the board in the sidebar'),
        value: label === '' ? (splitHost(host)?.host ?? host) : label,
        refuse: (text) => (text.trim() === '' ? vscode.l10n.t('The board needs a name.') : undefined),
      });
      if (typeof answer === 'string') label = answer.trim();
      return answer === '' ? back : answer;
    },
  ];
  if (!(await inOrder(steps))) return undefined;
  const typed = splitHost(host);
  if (typed === undefined) return undefined;
  return {
    id: present?.id ?? newBoardId(label, taken),
    kind: 'ssh',
    label,
    host: typed.host,
    sudo,
    ...(user === '' ? {} : { user }),
    ...(typed.port === undefined ? {} : { port: typed.port }),
    ...(identityFile === '' ? {} : { identityFile }),
    ...(present?.knownHosts === undefined ? {} : { knownHosts: present.knownHosts }),
    ...(device === undefined ? {} : { device }),
  };
}

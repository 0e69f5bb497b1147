/** Asks for a board that is reached over SSH: one question for the host; everything else has a usual answer. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { defaultDevice } from '../board/board.ts';
import { parseTypedHost, type TypedHost } from '../board/ssh/config.ts';
import { type Choice, type FormField, fillForm, pick } from '../say/multi-step.ts';
import { isConnectSeconds, newBoardId, type SshConfig } from './board-config.ts';
import {
  autoConnectField,
  deviceField,
  nameField,
  notGiven,
  slotOf,
  sudoField,
  textField,
} from './entry-fields.ts';

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

/** The hosts to pick from, the typed one first if it is none of them. */
function hostChoices(knownHosts: readonly string[], typed: string): Choice<string>[] {
  const known = knownHosts.map((name) => ({
    label: name,
    description: vscode.l10n.t('from the ssh configuration'),
    value: name,
  }));
  if (knownHosts.includes(typed) || splitHost(typed) === undefined) return known;
  return [
    { label: typed, description: vscode.l10n.t('this host'), alwaysShow: true, value: typed },
    ...known,
  ];
}

/** What the question for a new board was answered with: a host, a host whose entry shall be filled in, another board. */
type NewBoard<T> = { readonly host: string; readonly advanced: boolean } | { readonly other: T };

/**
 * Asks one question for a new board. Resolves with `undefined` if the person ended it.
 *
 * @param knownHosts aliases of the ssh configuration, to pick from
 * @param others boards that are not reached over SSH, to pick from as well
 */
export async function askNewBoard<T>(
  title: string,
  knownHosts: readonly string[],
  others: readonly Choice<T>[],
  taken: ReadonlySet<string>,
): Promise<{ readonly entry: SshConfig } | { readonly other: T } | undefined> {
  const answer = await pick<NewBoard<T>>(title, {
    placeholder: hostPlaceholder(),
    choices: (typed) => [
      ...hostChoices(knownHosts, typed).map((one) => ({
        ...one,
        value: { host: one.value, advanced: false },
      })),
      {
        label: vscode.l10n.t('Advanced...'),
        description: vscode.l10n.t('user, key, device, sudo, time-out'),
        alwaysShow: true,
        value: { host: typed, advanced: true },
      },
      ...others.map((one) => ({ ...one, value: { other: one.value } })),
    ],
  });
  if (answer === undefined || 'other' in answer) return answer;
  const draft = draftOf(answer.host);
  const words = vscode.l10n.t('Add Board');
  if (answer.advanced && !(await fill(title, words, draft, knownHosts))) return undefined;
  const entry = entryOf(draft, (label) => newBoardId(label, taken));
  return entry && { entry };
}

/** Lets an entry be changed. Resolves with `undefined` if the person ended it. */
export async function editSshEntry(
  knownHosts: readonly string[],
  present: SshConfig,
): Promise<SshConfig | undefined> {
  const title = vscode.l10n.t('Edit Board {0}', present.label);
  const draft = draftOf(hostText(present), present);
  if (!(await fill(title, vscode.l10n.t('Save'), draft, knownHosts))) return undefined;
  const changed = entryOf(draft, () => present.id);
  if (changed === undefined || present.knownHosts === undefined) return changed;
  return { ...changed, knownHosts: present.knownHosts };
}

/** An entry while it is being filled in; empty texts are what is not given. */
interface Draft {
  /** As typed, with port and perhaps user. */
  host: string;
  user: string;
  identityFile: string;
  device: string;
  sudo: boolean;
  seconds: string;
  autoConnect: boolean;
  label: string;
}

function draftOf(host: string, present?: SshConfig): Draft {
  return {
    host,
    user: present?.user ?? '',
    identityFile: present?.identityFile ?? '',
    device: present?.device ?? '',
    sudo: present?.sudo ?? false,
    seconds: String(present?.connectSeconds ?? ''),
    autoConnect: present?.autoConnect ?? false,
    label: present?.label ?? '',
  };
}

/** The entry, named after its host where no name was given; `undefined` while the host is not valid. */
function entryOf(draft: Draft, id: (label: string) => string): SshConfig | undefined {
  const typed = splitHost(draft.host);
  if (typed === undefined) return undefined;
  const label = draft.label || typed.host;
  const user = draft.user || typed.user;
  return {
    id: id(label),
    kind: 'ssh',
    label,
    host: typed.host,
    sudo: draft.sudo,
    ...(user === undefined ? {} : { user }),
    ...(typed.port === undefined ? {} : { port: typed.port }),
    ...(draft.identityFile === '' ? {} : { identityFile: draft.identityFile }),
    ...(draft.device === '' || draft.device === defaultDevice ? {} : { device: draft.device }),
    ...(draft.seconds === '' ? {} : { connectSeconds: Number(draft.seconds) }),
    ...(draft.autoConnect ? { autoConnect: true } : {}),
  };
}

/** Shows the form; true if the person accepted. */
function fill(title: string, accept: string, draft: Draft, knownHosts: readonly string[]): Promise<boolean> {
  const configured = vscode.l10n.t('as configured');
  const ready = () => (splitHost(draft.host) === undefined ? undefined : accept);
  return fillForm(title, ready, [
    hostField(title, draft, knownHosts),
    textField(title, vscode.l10n.t('User'), slotOf(draft, 'user'), {
      prompt: vscode.l10n.t('User on the board. Leave empty to use the ssh configuration.'),
      empty: configured,
      refuse: (text) => (/\s/.test(text) ? vscode.l10n.t('A user name has no spaces.') : undefined),
    }),
    keyField(title, draft, configured),
    deviceField(title, slotOf(draft, 'device')),
    sudoField(title, slotOf(draft, 'sudo')),
    textField(title, vscode.l10n.t('Connect time-out'), slotOf(draft, 'seconds'), {
      prompt: vscode.l10n.t('Seconds to wait for the host. Leave empty to use the ssh configuration.'),
      empty: configured,
      refuse: (text) =>
        text === '' || (/^\d+$/.test(text) && isConnectSeconds(Number(text)))
          ? undefined
          : vscode.l10n.t('Type a whole number of seconds from 1 to 3600.'),
    }),
    autoConnectField(title, slotOf(draft, 'autoConnect')),
    nameField(title, {
      get: () => draft.label || (splitHost(draft.host)?.host ?? ''),
      set: (label) => {
        draft.label = label;
      },
    }),
  ]);
}

const hostPlaceholder = () => vscode.l10n.t('Host: an alias, a name, an address, or user@host:port');

function hostField(title: string, draft: Draft, knownHosts: readonly string[]): FormField {
  return {
    label: vscode.l10n.t('Host'),
    value: () => draft.host || notGiven(),
    change: async () => {
      const answer = await pick(title, {
        placeholder: hostPlaceholder(),
        choices: (typed) => hostChoices(knownHosts, typed === '' ? draft.host : typed),
        active: draft.host,
      });
      if (answer === undefined) return;
      draft.host = answer;
      draft.user = splitHost(answer)?.user ?? draft.user;
    },
  };
}

function keyField(title: string, draft: Draft, configured: string): FormField {
  const file = Symbol('a file to be chosen');
  return {
    label: vscode.l10n.t('Key'),
    value: () => draft.identityFile || configured,
    change: async () => {
      const kept =
        draft.identityFile === '' ? [] : [{ label: draft.identityFile, value: draft.identityFile }];
      const answer = await pick<string | symbol>(title, {
        placeholder: vscode.l10n.t('How to prove who you are'),
        choices: () => [
          ...kept,
          {
            label: vscode.l10n.t('As configured'),
            description: vscode.l10n.t('ssh configuration, agent, default keys, password'),
            value: '',
          },
          { label: vscode.l10n.t('Choose a key file...'), value: file },
        ],
        active: draft.identityFile,
      });
      if (typeof answer === 'string') draft.identityFile = answer;
      if (answer !== file) return;
      const files = await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Private key'),
        defaultUri: vscode.Uri.joinPath(vscode.Uri.file(homedir()), '.ssh'),
      });
      draft.identityFile = files?.[0]?.fsPath ?? draft.identityFile;
    },
  };
}

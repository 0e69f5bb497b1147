/** The sentence and the next step that a person reads for each way in which a board can fail. */
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import { defaultDevice } from './board.ts';
import type { BoardError, ErrorFacts } from './errors.ts';
import { processName } from './owner-name.ts';

export interface Explanation {
  /** One sentence: what is wrong. */
  readonly message: string;
  /** One sentence: what the person can do. */
  readonly nextStep: string;
}

/**
 * Explains an error with its facts. Facts that are missing are replaced by plain words, so that every error has a whole
 * sentence. The detail (ioctl, errno, what ssh said) is for the log and stays out.
 */
export function explain(error: BoardError, l10n: Localiser): Explanation {
  const facts = new Facts(error.facts);
  const host = facts.text('host') ?? l10n.t('the board');
  const device = facts.text('path') ?? defaultDevice;
  switch (error.code) {
    case 'no-device':
      return {
        message: l10n.t('There is no AI Engine device {0} on this board.', device),
        nextStep: l10n.t(
          'Load the AI Engine driver and its device tree, or set another device in the board entry.',
        ),
      };
    case 'snapshot-file':
      return {
        message: l10n.t('The snapshot {0} cannot be opened.', facts.text('path') ?? l10n.t('of this entry')),
        nextStep: l10n.t(
          'Put the file back to where it was, or remove the entry and open the snapshot from its new place.',
        ),
      };
    case 'snapshot':
      return {
        message: l10n.t('This is a snapshot: it holds bytes, and no device stands behind it.'),
        nextStep: l10n.t('Connect to the board itself for this.'),
      };
    case 'other-device':
      return {
        message: l10n.t('Not opened: {0} on this board is no AI Engine device.', device),
        nextStep: l10n.t(
          "Set the node of the AI Engine driver in the board entry; it is usually called '{0}'.",
          defaultDevice,
        ),
      };
    case 'permission':
      return explainPermission(facts, device, l10n);
    case 'busy': {
      const owner = ownerName(facts, l10n);
      return {
        message: l10n.t('The partition is in use by {0}.', owner),
        nextStep: l10n.t(
          'Open it as it is: its memory is read beside the owner, and written after Unlock Editing.',
        ),
      };
    }
    case 'no-partition':
      if (facts.text('layout') !== undefined) {
        return {
          message: l10n.t('This memory has another layout now than when its edits were staged.'),
          nextStep: l10n.t('Discard the staged edits to see it as it is now.'),
        };
      }
      return {
        message: l10n.t('The driver has no partition with these columns.'),
        nextStep: l10n.t('Refresh the board and choose one of the partitions it lists.'),
      };
    case 'no-memory-types':
      return {
        message: l10n.t('This partition has shim tiles only, and those have no tile memory.'),
        nextStep: l10n.t('Open a partition that contains core tiles or memory tiles.'),
      };
    case 'no-pidfd':
      return {
        message: l10n.t(
          'The kernel of this board is too old to read memory beside {0}.',
          ownerName(facts, l10n),
        ),
        nextStep: l10n.t('Use Linux 5.6 or later, or open the partition when it is free.'),
      };
    case 'owner-hidden':
      return {
        message: l10n.t('The partition is in use, but the process that holds it cannot be seen.'),
        nextStep:
          facts.text('missing') === 'pid-namespace'
            ? l10n.t(
                "This container shows its own processes only: open VS Code outside of it, or start it with the host's processes (--pid=host).",
              )
            : l10n.t('Turn on sudo for this board or connect as root, so that all processes can be seen.'),
      };
    case 'no-descriptor':
      return {
        message: l10n.t(
          'The partition is kept in use by {0}, which has closed its descriptor: there is none to read through.',
          ownerName(facts, l10n),
        ),
        nextStep: l10n.t('Wait until that process has ended, or end it. Then refresh.'),
      };
    case 'kernel-held':
      return {
        message: l10n.t('The kernel itself (XRT) holds the partition, and this driver does not share it.'),
        nextStep:
          facts.text('asked') === undefined
            ? l10n.t(
                "Reach it through XRT's driver, after reading what that does, or unload the application's xclbin.",
              )
            : l10n.t(
                "XRT's driver did not give it either: connect as root, or unload the application's xclbin.",
              ),
      };
    case 'columns-taken':
      return {
        message: l10n.t('Some of these columns are in use by {0} now.', ownerName(facts, l10n)),
        nextStep: l10n.t('Pick other columns, or open the partition that is listed there.'),
      };
    case 'no-match':
      return {
        message: l10n.t(
          'Nothing was written: it is not certain which buffer of {0} is this memory.',
          ownerName(facts, l10n),
        ),
        nextStep: l10n.t('Reading goes on; to write, wait until the partition is free.'),
      };
    case 'hold-failed':
      return {
        message: l10n.t(
          'The process that holds the partition for post-mortem could not be started or ended.',
        ),
        nextStep: l10n.t('The log has the reason. Refresh the board and try again.'),
      };
    case 'no-recording':
      return {
        message:
          'have' in facts
            ? l10n.t('Another version of Tilescope recorded this: it cannot be fetched any more.')
            : l10n.t('The board has this recording no more.'),
        nextStep: l10n.t(
          'It ends ten minutes after the link, with a restart, and where the board ends processes at log-out. What came before stays here. Record again to go on.',
        ),
      };
    case 'no-halting':
      return explainNoHalting(facts, l10n);
    case 'debug-in-use':
      return {
        message: l10n.t(
          'Something else uses the debug registers of core ({0},{1}): {2} is {3}.',
          facts.text('col') ?? '?',
          facts.text('row') ?? '?',
          facts.text('register') ?? l10n.t('one of them'),
          hexNumber(facts.number('value') ?? 0),
        ),
        nextStep: l10n.t('Nothing was written. End the other debugger or profiler, then try again.'),
      };
    case 'unknown-driver':
      return {
        message: l10n.t('This version of Tilescope does not know the AI Engine driver on this board.'),
        nextStep: l10n.t('Look at what was found on the board and agree before any memory is mapped.'),
      };
    case 'not-asked':
      return {
        message: l10n.t('No application uses this partition, so it is read only when you ask.'),
        nextStep: l10n.t('Refresh to read it.'),
      };
    case 'gave-way':
      return {
        message: l10n.t('An application opened the device, so Tilescope stopped reading to let it start.'),
        nextStep: l10n.t('Refresh when it runs.'),
      };
    case 'no-quiet':
      return {
        message: l10n.t(
          'Applications start and end on this board without a pause, so Tilescope did not ask the driver: that could lock it until a restart.',
        ),
        nextStep: l10n.t('Try again when fewer of them start at a time.'),
      };
    case 'driver-hung':
      return {
        message: l10n.t(
          'The AI Engine driver of the board hangs: {0} does not return.',
          facts.text('call') ?? l10n.t('a call'),
        ),
        nextStep: l10n.t('Restart the board; nothing else frees the driver.'),
      };
    case 'driver':
      return {
        message: l10n.t('The AI Engine driver answered with an error that was not expected.'),
        nextStep: l10n.t('The log names the call and its error number. Send the board report.'),
      };
    case 'epoch':
      return {
        message: l10n.t('The contents of this memory may have been replaced since they were read.'),
        nextStep: l10n.t(
          'Re-base the staged edits: that reads again and marks the bytes that have changed under them.',
        ),
      };
    case 'locked':
      return explainLocked(facts, l10n);
    case 'out-of-range':
      return {
        message: l10n.t('The address lies outside this memory.'),
        nextStep: l10n.t('Refresh the board and choose an address inside the memory.'),
      };
    case 'cancelled':
      return {
        message: l10n.t('The action was cancelled.'),
        nextStep: l10n.t('Start it again when you want it done.'),
      };
    case 'timeout':
      return {
        message: l10n.t('No answer came from {0} in time.', host),
        nextStep: l10n.t(
          'Check that the board runs and that neither it nor the network is overloaded, then try again.',
        ),
      };
    case 'protocol':
      return {
        message: l10n.t(
          'The program on {0} sent data that makes no sense, so the connection was closed.',
          host,
        ),
        nextStep: l10n.t('Connect again; if it happens again, send the log.'),
      };
    case 'internal':
      return {
        message: l10n.t('Tilescope made an error of its own.'),
        nextStep: l10n.t('Try again; if it happens again, send the log.'),
      };
    case 'host-unknown':
      return {
        message: l10n.t('No host with the name {0} was found.', host),
        nextStep: l10n.t('Check the spelling, the SSH configuration, and that this network knows the name.'),
      };
    case 'refused':
      return explainRefused(facts, host, l10n);
    case 'unreachable':
      return {
        message: l10n.t('There is no way through the network to {0}.', host),
        nextStep: l10n.t(
          'Check that the board is on, its cable or VPN is connected, and the address is right.',
        ),
      };
    case 'proxy-failed':
      return {
        message: l10n.t('The way to {0} through a jump host or proxy command failed.', host),
        nextStep: l10n.t('Try the same connection with ssh in a terminal. The log has what it printed.'),
      };
    case 'no-algorithms':
      return {
        message: l10n.t('This computer and {0} have no encryption method in common.', host),
        nextStep: l10n.t('Update the SSH server of the board; the log lists what both sides offer.'),
      };
    case 'host-key-changed':
      return explainChangedKey(facts, host, l10n);
    case 'host-key-revoked':
      return explainRevokedKey(facts, host, l10n);
    case 'host-key-rejected':
      return explainRejectedKey(facts, host, l10n);
    case 'auth-failed':
      return explainAuth(facts, host, l10n);
    case 'key-unreadable':
      return {
        message: l10n.t(
          'The key file {0} could not be used: {1}.',
          facts.text('path') ?? l10n.t('of this board'),
          facts.text('reason') ?? '?',
        ),
        nextStep: l10n.t('Correct that, or choose another key file.'),
      };
    case 'config':
      return explainConfig(facts, l10n);
    case 'connection-lost':
      return {
        message: l10n.t('The connection to {0} was lost.', host),
        nextStep: l10n.t('Connect again when the board can be reached; staged edits are kept.'),
      };
    case 'server-limit':
      return explainServerLimit(facts, host, l10n);
    case 'no-exec':
      return explainFolders(
        facts,
        l10n.t('No folder on {0} may run programs.', host),
        l10n.t('Mount the home folder or one of the temporary folders without the option noexec.'),
        l10n,
      );
    case 'read-only':
      return explainFolders(
        facts,
        l10n.t('No folder on {0} can be written.', host),
        l10n.t('Make the home folder or /tmp writable, for example by mounting a tmpfs there.'),
        l10n,
      );
    case 'disk-full':
      return explainFolders(
        facts,
        l10n.t('There is no space left on {0} for the helper program.', host),
        l10n.t('Free a few MiB in the home folder or in /tmp, then connect again.'),
        l10n,
      );
    case 'in-the-way':
      return explainFolders(
        facts,
        l10n.t('On {0} a folder stands where the file of the helper program belongs.', host),
        l10n.t('Remove or rename that folder (its name begins with tilescope-agent), then connect again.'),
        l10n,
      );
    case 'wrong-arch':
      return {
        message: l10n.t('The helper program does not run on the processor of {0}.', machineName(facts, host)),
        nextStep: l10n.t('Use a board with a 64-bit Arm or x86 Linux.'),
      };
    case 'shell-banner':
      return explainBanner(facts, host, l10n);
    case 'shell-ended':
      return explainEndedShell(facts, host, l10n);
    case 'shell-hangs':
      return {
        message: withWords(
          l10n.t('The login shell of {0} does not get as far as the command.', host),
          (words) =>
            l10n.t('The login shell of {0} is stuck before the command; it said "{1}".', host, words),
          facts.text('text'),
        ),
        nextStep: l10n.t(
          'Change its start files (such as .bashrc) so that they wait for nothing without a terminal. If the board is only slow, connect again.',
        ),
      };
    case 'shell-flood':
      return explainFlood(facts, host, l10n);
    case 'shell-input':
      return {
        message: l10n.t('The login shell of {0} read the input that was meant for the command.', host),
        nextStep: l10n.t(
          'Let its start files (such as .bashrc) read nothing when there is no terminal, or use another user.',
        ),
      };
    case 'no-programs':
      return {
        message: l10n.t(
          'Basic programs are not found on the PATH of the login shell of {0}: {1}.',
          host,
          facts.text('programs') ?? 'uname, cat',
        ),
        nextStep: l10n.t('Correct PATH in the start files of that shell, or use another user.'),
      };
    case 'upload-corrupt':
      return {
        message: l10n.t('The helper program arrived damaged on {0}.', host),
        nextStep: l10n.t('Connect again; if it happens again, check the disk and the memory of the board.'),
      };
    case 'sudo-failed':
      return {
        message: withWords(
          l10n.t('The helper program could not be started as root on {0}.', host),
          (words) => l10n.t('The helper program could not be started as root on {0}: "{1}".', host, words),
          facts.text('reason'),
        ),
        nextStep: l10n.t(
          'Check that sudo is installed and allows this user, and that the password is right.',
        ),
      };
    case 'sudo-refused':
      return {
        message: withWords(
          l10n.t('This user may not use sudo on {0}.', host),
          (words) => l10n.t('This user may not use sudo on {0}: "{1}".', host, words),
          facts.text('reason'),
        ),
        nextStep: l10n.t(
          'Allow this user all commands in the sudoers file there (with visudo, as root), or connect as root.',
        ),
      };
    case 'sudo-broken':
      return {
        message: withWords(
          l10n.t('The configuration of sudo on {0} is broken.', host),
          (words) => l10n.t('The configuration of sudo on {0} is broken: "{1}".', host, words),
          facts.text('reason'),
        ),
        nextStep: l10n.t('Correct it there as root (with visudo), or connect as root.'),
      };
    case 'agent-failed':
      return {
        message: withWords(
          l10n.t('The helper program ended by itself on {0}.', host),
          (words) => l10n.t('The helper program ended by itself on {0}: "{1}".', host, words),
          facts.text('reason'),
        ),
        nextStep: l10n.t('The log has its last lines. Connect again.'),
      };
    case 'no-addon':
      return {
        message: l10n.t(
          'The part of Tilescope that reaches a board in this computer is missing or does not run here.',
        ),
        nextStep: l10n.t(
          'On a board, install the package for its processor; from elsewhere, add the board over SSH.',
        ),
      };
    case 'agent-version':
      return {
        message: l10n.t('The helper program on {0} belongs to another version of Tilescope.', host),
        nextStep: l10n.t('Reload the window and connect again, so that the right version is used.'),
      };
  }
}

function explainPermission(facts: Facts, device: string, l10n: Localiser): Explanation {
  if (facts.number('pid') !== undefined) {
    return {
      message: l10n.t('You have no access to {0}, which uses the partition.', ownerName(facts, l10n)),
      nextStep: l10n.t(
        'Turn on sudo for this board (Edit Board), or connect as root; where the process is yours, this helps too: {0}.',
        'sudo sysctl kernel.yama.ptrace_scope=0',
      ),
    };
  }
  const mode = facts.text('mode');
  return {
    message:
      mode === undefined
        ? l10n.t('You may not open {0} on this board.', device)
        : l10n.t('You may not open {0} on this board (its mode is {1}).', device, mode),
    nextStep: l10n.t(
      'Turn on sudo for this board (Edit Board), or run there once: {0}.',
      // Small images have no setfacl, and the node's group has no rights as the driver makes it.
      `sudo chown "$(id -un)" ${pathForShell(device)}`,
    ),
  };
}

function explainNoHalting(facts: Facts, l10n: Localiser): Explanation {
  const reasons: Readonly<Record<string, string>> = {
    free: l10n.t('No application uses this partition, so there is nothing to halt.'),
    'in-process': l10n.t(
      'Cores cannot be halted on a board that this window reads by itself: nothing would let them go on if it crashed.',
    ),
    'other-session': l10n.t(
      'Another debug session of this window halts the cores of this partition. End that one first.',
    ),
    'not-allowed': l10n.t('Nobody allowed to halt cores of this partition, or that has ended.'),
  };
  return {
    message:
      reasons[facts.text('why') ?? ''] ??
      l10n.t(
        'Cores cannot be halted here: the AI Engine driver on this board has no safe way to write their registers.',
      ),
    nextStep: l10n.t('Samples show where cores are without halting them.'),
  };
}

function explainLocked(facts: Facts, l10n: Localiser): Explanation {
  if (
    facts.number('pid') !== undefined ||
    facts.text('command') !== undefined ||
    facts.text('owner') !== undefined
  ) {
    return {
      message: l10n.t('This memory is in use by {0} and cannot be written now.', ownerName(facts, l10n)),
      nextStep: l10n.t('Unlock editing to write beside it, or apply again when the partition is free.'),
    };
  }
  return {
    message: l10n.t('This memory cannot be written now.'),
    nextStep: l10n.t('Unlock editing, or wait until the partition is free.'),
  };
}

function explainRefused(facts: Facts, host: string, l10n: Localiser): Explanation {
  const nextStep = l10n.t('Check that the SSH server runs on the board and listens on this port.');
  const port = facts.number('port');
  if (port === undefined) return { message: l10n.t('The connection was refused by {0}.', host), nextStep };
  return { message: l10n.t('The connection was refused by {0} at port {1}.', host, String(port)), nextStep };
}

function explainChangedKey(facts: Facts, host: string, l10n: Localiser): Explanation {
  const known = facts.text('oldFingerprint');
  const now = facts.text('newFingerprint') ?? facts.text('fingerprint');
  const file = facts.text('file');
  const line = facts.number('line');
  const nextStep =
    file === undefined || line === undefined
      ? l10n.t('If the board was newly installed, replace the key; otherwise somebody may be in between.')
      : l10n.t(
          'If the board was newly installed, replace the key in {0}, line {1}; otherwise somebody may be in between.',
          file,
          String(line),
        );
  if (known === undefined || now === undefined) {
    return { message: l10n.t('The host key of {0} is not the known one.', host), nextStep };
  }
  const message = l10n.t('The host key of {0} changed from {1} to {2}.', host, known, now);
  return { message, nextStep };
}

function explainRevokedKey(facts: Facts, host: string, l10n: Localiser): Explanation {
  const nextStep = l10n.t('Do not connect. Ask the administrator of the board for its present key.');
  const file = facts.text('file');
  const line = facts.number('line');
  if (file === undefined) {
    return { message: l10n.t('The host key of {0} is marked as revoked.', host), nextStep };
  }
  if (line === undefined) {
    return { message: l10n.t('The host key of {0} is marked as revoked in {1}.', host, file), nextStep };
  }
  const message = l10n.t(
    'The host key of {0} is marked as revoked in {1}, line {2}.',
    host,
    file,
    String(line),
  );
  return { message, nextStep };
}

function explainRejectedKey(facts: Facts, host: string, l10n: Localiser): Explanation {
  const nextStep = l10n.t('Connect again and confirm the fingerprint, or add the key to your known hosts.');
  const fingerprint = facts.text('fingerprint');
  if (fingerprint === undefined) {
    return { message: l10n.t('The host key of {0} was not accepted.', host), nextStep };
  }
  return {
    message: l10n.t('The host key of {0} with the fingerprint {1} was not accepted.', host, fingerprint),
    nextStep,
  };
}

function explainAuth(facts: Facts, host: string, l10n: Localiser): Explanation {
  const user = facts.text('user');
  const tried = facts.text('tried');
  return {
    message:
      user === undefined
        ? l10n.t('You were not let in by {0}.', host)
        : l10n.t('The user {0} was not let in by {1}.', user, host),
    nextStep:
      tried === undefined
        ? l10n.t('Check user, key and password; the log lists what was tried.')
        : l10n.t('Check user, key and password (tried: {0}).', tried),
  };
}

/** The folders that were tried stand with the next step. */
function explainFolders(facts: Facts, message: string, nextStep: string, l10n: Localiser): Explanation {
  const folders = facts.text('folders');
  if (folders === undefined) return { message, nextStep };
  return { message, nextStep: l10n.t('{0} Tried: {1}.', nextStep, folders) };
}

/** A sentence without, or with, what the other side said. */
function withWords(plain: string, quote: (words: string) => string, words: string | undefined): string {
  return words === undefined ? plain : quote(shorten(words));
}

function shorten(words: string): string {
  const text = words.trim();
  return text.length > 150 ? `${text.slice(0, 149)}…` : text;
}

function explainBanner(facts: Facts, host: string, l10n: Localiser): Explanation {
  return {
    message: withWords(
      l10n.t('The login shell of {0} printed text where the helper program should answer.', host),
      (words) =>
        l10n.t('The login shell of {0} printed "{1}" where the helper program should answer.', host, words),
      facts.text('text'),
    ),
    nextStep: l10n.t(
      'Let the start files of the shell print only in interactive sessions, or use another user.',
    ),
  };
}

function explainEndedShell(facts: Facts, host: string, l10n: Localiser): Explanation {
  if (facts.number('begun') !== undefined) {
    return {
      message: l10n.t('A command on {0} was ended before it was done.', host),
      nextStep: l10n.t(
        'Connect again. If it happens again, check the free memory of the board, and the log.',
      ),
    };
  }
  return {
    message: withWords(
      l10n.t('The login shell of {0} ended without running the command.', host),
      (words) =>
        l10n.t('The login shell of {0} ended without running the command; it said "{1}".', host, words),
      facts.text('text'),
    ),
    nextStep: l10n.t(
      'Change its start files (such as .bashrc) so that they neither exit nor start another shell without a terminal, or use another user.',
    ),
  };
}

function explainFlood(facts: Facts, host: string, l10n: Localiser): Explanation {
  return {
    message: withWords(
      l10n.t('The login shell of {0} prints too much text of its own.', host),
      (words) =>
        l10n.t('The login shell of {0} prints too much text of its own, beginning with "{1}".', host, words),
      facts.text('text'),
    ),
    nextStep: l10n.t(
      'Let its start files (such as .bashrc) print only when there is a terminal, or use another user.',
    ),
  };
}

function explainServerLimit(facts: Facts, host: string, l10n: Localiser): Explanation {
  if (facts.text('of') === 'sessions') {
    return {
      message: l10n.t('The SSH server of {0} allows no further session in this connection.', host),
      nextStep: l10n.t('Connect again; if it stays, raise the limit of the server (MaxSessions in OpenSSH).'),
    };
  }
  return {
    message: l10n.t('The SSH server of {0} takes no further connection now: it closes them at once.', host),
    nextStep: l10n.t(
      'End other connections to it or wait a little, then connect again; if it stays, look at its limits (MaxStartups in OpenSSH) and at what it logs.',
    ),
  };
}

function explainConfig(facts: Facts, l10n: Localiser): Explanation {
  const file = facts.text('file');
  const line = facts.number('line');
  if (file === undefined || line === undefined) {
    return {
      message: l10n.t('The SSH settings of this board cannot be used.'),
      nextStep: l10n.t('Edit the board entry and check its host name; the log says what is wrong.'),
    };
  }
  return {
    message: l10n.t('The SSH configuration {0} has an error in line {1}.', file, String(line)),
    nextStep: l10n.t('Correct the line, then connect again; the log says what is wrong.'),
  };
}

/** A path as a person can paste it into a shell. */
function pathForShell(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The owner as a person knows it, as far as the board told. */
function ownerName(facts: Facts, l10n: Localiser): string {
  const command = facts.text('command') ?? facts.text('owner');
  return processName({ command, pid: facts.number('pid') }, l10n);
}

function machineName(facts: Facts, host: string): string {
  const machine = facts.text('machine');
  return machine === undefined ? host : `${host} (${machine})`;
}

/** Facts by name, each only in the type that its sentence needs. */
class Facts {
  readonly #facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    this.#facts = facts;
  }

  text(name: string): string | undefined {
    const value = this.#facts[name];
    if (value === undefined || value === '') return undefined;
    return String(value).slice(0, 300);
  }

  number(name: string): number | undefined {
    const value = Number(this.#facts[name] ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  }
}

/** What a debug session says. */
import type { UnreadableReason } from '../model/byte-state.ts';
import { formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import type { ProgramDifference } from '../model/program/program-image.ts';
import { reasonText } from '../model/status/sentences.ts';
import type { CoreStatus, TileStatus } from '../model/status/status.ts';
import type { MissingReason } from './core-memory.ts';
import type { Core } from './cores.ts';
import { type CoreProgram, placeText } from './programs.ts';

/** A core's state in one or two short words: some 25 signs of a thread's name are seen. */
function shortState({ state, stalls }: CoreStatus, l10n: Localiser): string {
  const on = stalls[0]?.on ?? '';
  switch (state) {
    case 'error':
      return l10n.t('error');
    case 'debug-halted':
      return l10n.t('halted');
    case 'lock-stall':
      return l10n.t('lock {0}', on);
    case 'stream-stall':
      return l10n.t('stream {0}', on);
    case 'memory-stall':
      return l10n.t('memory {0}', on);
    case 'cascade-stall':
      return l10n.t('cascade {0}', on);
    case 'done':
      return l10n.t('done');
    case 'running':
      return l10n.t('runs');
    case 'reset':
      return l10n.t('reset');
    case 'disabled':
      return l10n.t('off');
  }
}

function stateOf(status: TileStatus | undefined, l10n: Localiser): string {
  if (status === undefined) return l10n.t('not read');
  if (status.reason === 'gated') return l10n.t('clock off');
  return status.core === undefined ? l10n.t('not read') : shortState(status.core, l10n);
}

/** `(6,4) lock north · fir:16`: place, state, and where the core is. */
export function threadName(
  { tile, status }: Core,
  program: CoreProgram | undefined,
  l10n: Localiser,
): string {
  const core = status?.core;
  const state = `${formatTile(tile)} ${stateOf(status, l10n)}`;
  const isSomewhere = core?.pc !== undefined && core.state !== 'disabled' && core.state !== 'reset';
  return isSomewhere ? `${state} · ${placeText(program, core.pc ?? 0)}` : state;
}

/** The badge of a thread that a sample was taken of: a longer one hides the thread's name. */
export function sampleText(core: Core, clock: (at: number) => string, l10n: Localiser): string {
  return l10n.t('Sample {0}', clock(core.at ?? 0));
}

/** The badge of a thread whose core stands. */
export function haltedText(l10n: Localiser): string {
  return l10n.t('Halted');
}

/** Why a core does not stand although it was told to. `core`: as it was read behind that. */
export function notHaltedText(
  { tile, status }: Core,
  reason: UnreadableReason | undefined,
  l10n: Localiser,
): string {
  const why = reason === undefined ? notStandingText(status, l10n) : reasonText(reason, l10n);
  return l10n.t(
    'Core {0} did not halt: {1} This is a sample; use Continue, and Pause to try again.',
    formatTile(tile),
    why,
  );
}

function notStandingText(status: TileStatus | undefined, l10n: Localiser): string {
  switch (status?.core?.state) {
    case 'reset':
      return l10n.t('It is in reset.');
    case 'disabled':
      return l10n.t('It is off.');
    default:
      return l10n.t('Its registers do not say that it stands.');
  }
}

/** Why a halted core was not let go on. */
export function notResumedText(tile: Tile, why: string, l10n: Localiser): string {
  return l10n.t(
    'Core {0} could not be told to go on: {1} Try Continue again; the end of this session lets it go on, too.',
    formatTile(tile),
    why,
  );
}

/** What is known of a core that was told to go on without an answer. `why`: the failure in words. */
export function mayGoOnText(tile: Tile, why: string, l10n: Localiser): string {
  return l10n.t(
    'It is not known whether core {0} goes on: {1} It counts as halted until the board says what it does.',
    formatTile(tile),
    why,
  );
}

/** Why a halted core was not stepped. */
export function notSteppedText(tile: Tile, reason: UnreadableReason, l10n: Localiser): string {
  if (reason === 'core-running') {
    return l10n.t('Core {0} is not halted any more. Use Pause to halt it again.', formatTile(tile));
  }
  return l10n.t(
    'Core {0} could not be stepped: {1} Try again, or use Continue.',
    formatTile(tile),
    reasonText(reason, l10n),
  );
}

/** What a person hears when halting has ended by itself. */
export function haltingEndedText(l10n: Localiser): string {
  return l10n.t(
    'Halting has ended, and the board lets all cores go on: the partition changed hands, or the connection broke. Allow it again to go on halting.',
  );
}

/** What a person hears when cores could not be let go on at the end of a session. */
export function stillHaltedText(cores: number, l10n: Localiser): string {
  return cores === 1
    ? l10n.t('1 core could not be let go on yet. The board goes on trying while it is connected.')
    : l10n.t('{0} cores could not be let go on yet. The board goes on trying while it is connected.', cores);
}

/** Why it is not known whether cores go on at the end of a session. `why`: the failure in words. */
export function notEndedText(why: string, l10n: Localiser): string {
  return l10n.t(
    'The board did not say that the halted cores go on: {0} It is asked again by itself. Disconnect the board to let them go on without that.',
    why,
  );
}

/** Why a step out is not made. */
export function noStepOutText(l10n: Localiser): string {
  return l10n.t(
    'Nothing tells where this function returns to. Use Step Over, or set a breakpoint in its caller.',
  );
}

/** Why a step over a line, or out, is not made: both addresses at which a core can halt are breakpoints. */
export function noRoomText(tile: Tile, l10n: Localiser): string {
  return l10n.t(
    'Core {0} halts at two addresses at most, and both are breakpoints. Remove one of them, or use Step Into for a single instruction.',
    formatTile(tile),
  );
}

/** Why a breakpoint is not set in a core that has two others. */
export function fullCoreText(tile: Tile, l10n: Localiser): string {
  return l10n.t('Not set in core {0}: it has two breakpoints already. Remove one of them.', formatTile(tile));
}

/** Why a breakpoint is set in no core. */
export function noCodeText(l10n: Localiser): string {
  return l10n.t('Not set: no program of this session has code of this line or behind it.');
}

/** Why a core has no breakpoint: nothing is known of its program. */
export function noProgramText(tile: Tile, l10n: Localiser): string {
  return l10n.t(
    'Not set: the program of core {0} was not found. Name the folder of the build in "programs".',
    formatTile(tile),
  );
}

/** Why a core has no breakpoint: its program memory is not that of its ELF. */
export function otherProgramText(tile: Tile, { count, first }: ProgramDifference, l10n: Localiser): string {
  return l10n.t(
    'Not set: core {0} does not run the program that was found: {1} differ, the first at {2}. Name the folder of the right build in "programs".',
    formatTile(tile),
    sizeText(count, l10n),
    hexNumber(first, 5),
  );
}

/** Why a core has no breakpoint: its registers, or its program memory, were not reached. */
export function notComparedText(tile: Tile, why: string, l10n: Localiser): string {
  return l10n.t('Not set in core {0}: {1} Set it again to try again.', formatTile(tile), why);
}

/** What stands in the place of a value that is not there. */
export function missingText(reason: MissingReason, l10n: Localiser): string {
  switch (reason) {
    case 'elsewhere':
      return l10n.t('?? (not in the data memory of this partition)');
    case 'too-many':
      return l10n.t('?? (too large for a debug session: open its tile memory)');
    default:
      return l10n.t('?? ({0})', reasonText(reason, l10n));
  }
}

/** A number of bytes. */
export function sizeText(bytes: number, l10n: Localiser): string {
  return bytes === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', bytes);
}

/** Why a thread has no sample. */
export function noCoreText(tile: Tile, l10n: Localiser): string {
  return l10n.t('This debug session has no core in tile {0}.', formatTile(tile));
}

/** Why no breakpoint is set before a person allowed to halt cores. */
export function noBreakpointText(l10n: Localiser): string {
  return l10n.t(
    'Not set: this session only observes, it does not halt cores. Use Pause to take a sample, or Allow Halting Cores.',
  );
}

/** Why breakpoints of other kinds are not set. */
export function noSuchBreakpointText(l10n: Localiser): string {
  return l10n.t('Not set: cores halt at lines and instructions only.');
}

/** Why a breakpoint with a condition, a hit count or a log message is not set. */
export function noConditionText(l10n: Localiser): string {
  return l10n.t(
    'Not set: cores know no conditions, hit counts or log messages. Use a breakpoint without them to halt there each time.',
  );
}

/** Why a core has no disassembly. */
export function noListingText(tile: Tile, l10n: Localiser): string {
  return l10n.t(
    'There is no disassembly of the program in tile {0}. Name the llvm-objdump of your compiler in the setting "tilescope.disassembler", or keep the .lst that aiecompiler writes beside the ELF.',
    formatTile(tile),
  );
}

/** Why the disassembler that a person named was not started. */
export function untrustedText(l10n: Localiser): string {
  return l10n.t(
    'The disassembler of the settings is not started in a workspace that you do not trust. Trust it, or keep the .lst that aiecompiler writes beside the ELF.',
  );
}

/** What a disassembler said in place of a listing. */
export function disassemblerText(program: string, why: string, l10n: Localiser): string {
  return l10n.t(
    '{0} gave no disassembly: {1} Name another one in the setting "tilescope.disassembler".',
    program,
    why,
  );
}

/** Why nothing is at a memory reference. */
export function noPlaceText(reference: string, l10n: Localiser): string {
  return l10n.t('{0} is no place in the memory of this partition.', reference);
}

/** Why nothing is stepped. */
export function noStepText(l10n: Localiser): string {
  return l10n.t(
    'The core is not stopped: this is a sample. Use Continue to drop it, and Pause to take another.',
  );
}

/** Why nothing is written. */
export function noWriteText(l10n: Localiser): string {
  return l10n.t('A debug session that observes writes nothing. Use the tile memory editor to change bytes.');
}

/** Why a request is not answered. */
export function unknownRequestText(command: string, l10n: Localiser): string {
  return l10n.t('This debug session does not answer "{0}".', command);
}

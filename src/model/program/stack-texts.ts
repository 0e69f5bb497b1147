/** Stacks in words. */
import { formatTile } from '../geometry.ts';
import type { Localiser } from '../localiser.ts';
import { hexNumber } from '../numbers.ts';
import { coreStateName } from '../status/sentences.ts';
import type { PlacedName } from './build.ts';
import { nameText } from './name-texts.ts';
import { coreOf, type NotPainted, type StackMeeting, type StackUse } from './stack-use.ts';
import type { StackFacts } from './stack-uses.ts';

/** A time of day in words; milliseconds since 1970. */
export type Clock = (at: number) => string;

/** How deep a stack was written, or why that is not known. */
function stackDepthText(
  { stack, use }: Pick<StackFacts, 'stack' | 'use'>,
  l10n: Localiser,
  clock: Clock,
): string {
  if (use === undefined) return l10n.t('depth unknown: its bytes were not read');
  if (use.baseline === undefined || use.depth === undefined)
    return l10n.t('depth unknown: what stood there before is not known');
  const source = baselineText(use, l10n, clock);
  return use.depth === 0
    ? l10n.t('no sign of use ({0})', source)
    : l10n.t('at least {0} of {1} bytes deep ({2})', use.depth, stack.size, source);
}

/** What a depth is seen against. */
function baselineText({ baseline, since, at }: StackUse, l10n: Localiser, clock: Clock): string {
  if (since === undefined) return l10n.t('zeroed at load');
  if (since === at) {
    return baseline === 'zero'
      ? l10n.t('all zero at {0}', clock(at))
      : l10n.t('painted, read at {0}', clock(at));
  }
  return baseline === 'zero'
    ? l10n.t('all zero at {0}, read at {1}', clock(since), clock(at))
    : l10n.t('painted at {0}, read at {1}', clock(since), clock(at));
}

/** Where the stack pointer stands; empty where it points elsewhere, or was not read. */
function stackPointerText({ pointer }: StackFacts, l10n: Localiser): string {
  return pointer === undefined ? '' : l10n.t('SP {0} bytes above its start', pointer);
}

/** One place where a stack met something, as a sentence. */
export function stackMeetingText(
  { stack }: Pick<StackFacts, 'stack'>,
  { how, bytes, name }: StackMeeting,
  l10n: Localiser,
): string {
  const core = formatTile(coreOf(stack));
  const met = name === undefined ? '' : nameText(name, l10n);
  const place = name === undefined ? '' : placeText(name);
  switch (how) {
    case 'shares':
      return l10n.t('The stack of {0} and {1} at {2} share {3} bytes.', core, met, place, bytes);
    case 'more':
      return l10n.t('The build has {1} more names at the bytes of the stack of {0}.', core, bytes);
    case 'beyond':
      return name === undefined
        ? l10n.t('The stack pointer of {0} stands {1} bytes above the end of its stack.', core, bytes)
        : l10n.t(
            'The stack pointer of {0} stands {1} bytes above the end of its stack: {2} at {3} is overwritten.',
            core,
            bytes,
            met,
            place,
          );
    case 'full':
      return name === undefined
        ? l10n.t('The stack of {0} was written up to its last byte: what follows may be overwritten.', core)
        : l10n.t(
            'The stack of {0} was written up to its last byte: {1} at {2}, which follows, may be overwritten.',
            core,
            met,
            place,
          );
  }
}

/** Tile and tile offset. */
export function placeText({ tile, offset }: Pick<PlacedName, 'tile' | 'offset'>): string {
  return `${formatTile(tile)}+${hexNumber(offset, 4)}`;
}

/** Why no part of a stack can be painted, as a sentence. */
export function notPaintedText(refusal: NotPainted, l10n: Localiser): string {
  switch (refusal.why) {
    case 'unseen':
      return l10n.t('Its core could not be looked at.');
    case 'running':
      return l10n.t(
        'It can be painted only while its core is stopped: now {0}.',
        coreStateName(refusal.state, l10n),
      );
    case 'elsewhere':
      return l10n.t(
        'Its core is to go on with a stack pointer that is not in it: what is in use is not known.',
      );
    case 'full':
      return l10n.t('No part of it is free above the stack pointer.');
    case 'shared':
      return l10n.t(
        'The build has {0} at {1} in the part that would be painted.',
        nameText(refusal.name, l10n),
        placeText(refusal.name),
      );
  }
}

/** How deep, and where the stack pointer stands, in one text. */
export function stackUseText(facts: StackFacts, l10n: Localiser, clock: Clock): string {
  return [stackDepthText(facts, l10n, clock), stackPointerText(facts, l10n)]
    .filter((text) => text !== '')
    .join(', ');
}

/**
 * The timeline of one tab: which moment of a recording it shows, how it goes from one to the next, and what is said of it. Knows
 * no page and no board: the tab shows what it is given.
 */
import type { BoardError } from '../../board/errors.ts';
import type { Disposable } from '../../model/event.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry } from '../../model/geometry.ts';
import type { PlacedRun } from '../../model/gestures/paste-as.ts';
import type { After } from '../../model/later.ts';
import type { Localiser } from '../../model/localiser.ts';
import { hexNumber, hexPairs } from '../../model/numbers.ts';
import { bytesIn } from '../../model/ranges.ts';
import { changeWords, type Recording } from '../../model/recording.ts';
import type { RecorderState } from '../../session/recorder.ts';
import type { ByteSource } from '../frozen-bytes.ts';
import type { TimelineAct, TimelineState } from '../messages.ts';
import { RecordedBytes } from './recorded-bytes.ts';

/** Columns in which changes are counted. */
const columns = 200;
/** While it plays: milliseconds from step to step, and the longest time in which nothing changes that is waited for. */
const playStepMs = 100;
const longestWaitMs = 1000;

/** What a timeline needs of the recorder. */
export interface Recorded {
  readonly recording: Recording | undefined;
  readonly state: RecorderState;
  /** When the first look was, milliseconds since 1970. */
  readonly beganAt: number | undefined;
}

/** The tab. */
export interface TimelineTab {
  readonly geometry: MemoryGeometry | undefined;
  /** The byte at its cursor, a buffer offset. */
  readonly cursor: number | undefined;
  /** Shows the past until `left` is called or it is given another; without it the tab shows what is now. */
  showPast(
    past:
      | {
          readonly at: string;
          readonly bytes: ByteSource;
          /** What the bytes held that changed at this moment. */
          readonly old: readonly PlacedRun[];
          readonly left: () => void;
        }
      | undefined,
  ): void;
  showTimeline(state: TimelineState | undefined): void;
}

/** What a timeline says in words. */
export interface TimelineTexts {
  readonly l10n: Localiser;
  /** A time of day with milliseconds. */
  clock(at: number): string;
  errorText(error: BoardError): string;
}

export class Timeline implements Disposable {
  readonly #recorded: Recorded;
  readonly #tab: TimelineTab;
  readonly #texts: TimelineTexts;
  readonly #after: After;
  /** The look whose memory is shown; undefined: now. */
  #moment: number | undefined;
  #playing: Disposable | undefined;
  /** Where it is while it plays, milliseconds since the recording began. */
  #playedTo = 0;
  #told = '';

  constructor(recorded: Recorded, tab: TimelineTab, texts: TimelineTexts, after: After) {
    this.#recorded = recorded;
    this.#tab = tab;
    this.#texts = texts;
    this.#after = after;
    this.update();
  }

  /** More was recorded, the cursor is elsewhere, or the page is another. */
  update(anew = false): void {
    const { recording } = this.#recorded;
    if (recording === undefined) this.#leave();
    // What is shown fell out at the old end.
    else if (this.#moment !== undefined && this.#moment < recording.first - 1) this.#go(recording.first - 1);
    const state = this.state;
    const told = JSON.stringify({ ...state, marks: state && [...state.marks] });
    if (told === this.#told && !anew) return;
    this.#told = told;
    this.#tab.showTimeline(state);
  }

  /** A person does something with it. */
  act(act: TimelineAct): void {
    const { recording } = this.#recorded;
    if (recording?.hasBegun !== true) return;
    if (act.kind !== 'play') this.#pause();
    switch (act.kind) {
      case 'to':
        this.#go(recording.momentAt(act.at));
        break;
      case 'step':
        this.#step(recording, act.step);
        break;
      case 'here':
        this.#toChangeHere(recording);
        break;
      case 'play':
        if (this.#playing === undefined) this.#play(recording);
        else this.#pause();
        break;
      case 'now':
        this.#leave();
        break;
    }
    this.update();
  }

  dispose(): void {
    this.#leave();
    this.#tab.showTimeline(undefined);
  }

  /** What the page draws; undefined without a recording. */
  get state(): TimelineState | undefined {
    const { recording, state, beganAt = 0 } = this.#recorded;
    if (recording === undefined || state.kind === 'idle') return undefined;
    const { first, last, about } = recording;
    const moment = this.#moment;
    const from = this.#timeOf(recording, first - 1);
    const at = moment === undefined ? undefined : this.#timeOf(recording, moment);
    const here = this.#here(recording);
    return {
      kind: state.kind,
      about: this.#about(recording),
      from,
      to: Math.max(about.at, from),
      marks: marksOf(recording, from, about.at),
      ...(at === undefined ? {} : { at }),
      moment: at === undefined ? this.#texts.l10n.t('Now') : this.#momentText(at, beganAt),
      isPlaying: this.#playing !== undefined,
      canStep: {
        back: last >= first && (moment ?? last + 1) >= first,
        on: moment !== undefined,
      },
      ...(here === undefined ? {} : { here }),
    };
  }

  #momentText(at: number, beganAt: number): string {
    return this.#texts.l10n.t('{0} ({1} s)', this.#texts.clock(beganAt + at), (at / 1000).toFixed(3));
  }

  /** When the memory became what it is after a look, milliseconds since the recording began. */
  #timeOf(recording: Recording, moment: number): number {
    const { first } = recording;
    return recording.moment(moment)?.at ?? (first === 1 ? 0 : (recording.moment(first)?.after ?? 0));
  }

  /** What is recorded, how often, and how much of it is there. */
  #about(recording: Recording): string {
    const { l10n, errorText } = this.#texts;
    const { state } = this.#recorded;
    const { about, counts, ranges } = recording;
    const size = l10n.t('{0} bytes', bytesIn(ranges));
    if (state.kind === 'arming' || (!recording.hasBegun && state.kind === 'recording')) {
      return l10n.t('Recording begins: {0}', size);
    }
    const period = about.made < 2 ? '' : Math.max(1, Math.round(about.at / (about.made - 1)));
    const what =
      state.kind === 'recording'
        ? l10n.t('Recording {0}', size)
        : state.kind === 'away'
          ? l10n.t('Recording {0}; the link is gone, what the board recorded comes with it', size)
          : l10n.t('Recorded {0}', size);
    const parts = [what];
    if (period !== '') parts.push(l10n.t('a look every {0} ms', period));
    parts.push(counts.kept === 1 ? l10n.t('1 changed word') : l10n.t('{0} changed words', counts.kept));
    if (counts.lost > 0) parts.push(l10n.t('{0} older ones fell out', counts.lost));
    if (state.kind === 'ended')
      parts.push(state.error.code === 'cancelled' ? l10n.t('ended') : errorText(state.error));
    return parts.join(' \u00b7 ');
  }

  /** When the byte at the cursor last changed, as seen from the moment that is shown. */
  #here(recording: Recording): string | undefined {
    const { geometry, cursor } = this.#tab;
    if (geometry === undefined || cursor === undefined || !recording.hasBegun) return undefined;
    const byte = { offset: cursor, length: 1 };
    const { l10n, clock } = this.#texts;
    const { tile, offset } = locate(geometry, cursor);
    const place = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
    if (!isRecorded(recording, byte)) return undefined;
    const change = recording.lastChange(byte, this.#moment);
    if (change === undefined) return l10n.t('{0}: no change', place);
    const value = ({ bytes, states }: { bytes: Uint8Array; states: Uint8Array }): string =>
      (states[0] ?? 0) === 1 ? hexPairs(bytes, true) : '??';
    const { beganAt = 0 } = this.#recorded;
    return l10n.t(
      '{0}: {1} \u2192 {2} at {3}',
      place,
      value(change.old),
      value(change.now),
      clock(beganAt + change.at),
    );
  }

  #step(recording: Recording, step: 1 | -1): void {
    const { first, last } = recording;
    const moment = this.#moment;
    if (step === -1) {
      if (moment === undefined ? last >= first : moment >= first)
        this.#go(moment === undefined ? last : moment - 1);
    } else if (moment !== undefined) {
      if (moment >= last) this.#leave();
      else this.#go(moment + 1);
    }
  }

  /** To the last change of the byte at the cursor; from there to the one before. */
  #toChangeHere(recording: Recording): void {
    const { cursor } = this.#tab;
    if (cursor === undefined) return;
    const byte = { offset: cursor, length: 1 };
    const change = recording.lastChange(byte, this.#moment);
    if (change === undefined) return;
    if (change.moment !== this.#moment) this.#go(change.moment);
    else {
      const before = recording.lastChange(byte, change.moment - 1);
      if (before !== undefined) this.#go(before.moment);
    }
  }

  #play(recording: Recording): void {
    const { first, last } = recording;
    // At the end it begins anew.
    if (this.#moment === undefined || this.#moment >= last) this.#go(first - 1);
    this.#playedTo = this.#timeOf(recording, this.#moment ?? first - 1);
    this.#playOn();
  }

  #playOn(): void {
    this.#playing = this.#after(playStepMs, () => {
      const { recording } = this.#recorded;
      if (recording === undefined || this.#moment === undefined) return;
      const next = recording.moment(this.#moment + 1);
      if (next === undefined) {
        this.#playing = undefined;
        this.update();
        return;
      }
      this.#playedTo += playStepMs;
      if (next.at - this.#playedTo > longestWaitMs) this.#playedTo = next.at;
      const moment = recording.momentAt(this.#playedTo);
      if (moment > this.#moment) this.#go(moment);
      this.#playOn();
      this.update();
    });
  }

  #pause(): void {
    this.#playing?.dispose();
    this.#playing = undefined;
  }

  #go(moment: number): void {
    const { recording, beganAt = 0 } = this.#recorded;
    if (recording?.hasBegun !== true) return;
    this.#moment = Math.min(Math.max(moment, recording.first - 1), recording.last);
    const at = this.#momentText(this.#timeOf(recording, this.#moment), beganAt);
    const bytes = new RecordedBytes(recording, this.#moment);
    const left = (): void => {
      this.#moment = undefined;
      this.#pause();
      this.update();
    };
    this.#tab.showPast({ at, bytes, old: bytes.old, left });
  }

  #leave(): void {
    this.#pause();
    if (this.#moment === undefined) return;
    this.#moment = undefined;
    this.#tab.showPast(undefined);
  }
}

function isRecorded({ ranges }: Recording, { offset, length }: ByteRange): boolean {
  return ranges.some((range) => offset >= range.offset && offset + length <= range.offset + range.length);
}

/** How much changed in each of equal parts of time, 0 to 255: few changes are seen beside many. */
function marksOf(recording: Recording, from: number, to: number): Uint8Array {
  const counts = new Array<number>(columns).fill(0);
  const width = Math.max(1, to - from) / columns;
  for (let number = recording.first; number <= recording.last; number++) {
    const moment = recording.moment(number);
    if (moment === undefined) break;
    const column = Math.min(columns - 1, Math.max(0, Math.floor((moment.at - from) / width)));
    counts[column] = (counts[column] ?? 0) + moment.changes.length / changeWords;
  }
  const most = Math.log1p(Math.max(1, ...counts));
  return Uint8Array.from(counts, (count) =>
    count === 0 ? 0 : Math.max(40, (255 * Math.log1p(count)) / most),
  );
}

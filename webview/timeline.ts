/** The timeline below the grid: moments of a recording and steps between them. Knows times; not bytes. */
import { html, nothing, render, svg, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { HostCommand, TimelineAct, TimelineState } from '../src/editor/messages.ts';
import { toggle } from './controls.ts';
import type { Translate } from './strings.ts';

/** What the timeline tells. */
export interface TimelineEvents {
  act(act: TimelineAct): void;
  command(command: HostCommand): void;
  speak(text: string): void;
}

/** Height of the marks, in their own units. */
const markHeight = 100;

export class TimelineBar {
  readonly element = document.createElement('section');
  readonly #t: Translate;
  readonly #events: TimelineEvents;
  #state: TimelineState | undefined;
  #spoken = '';

  constructor(t: Translate, events: TimelineEvents) {
    this.#t = t;
    this.#events = events;
    this.element.className = 'timeline';
    this.element.hidden = true;
    this.element.setAttribute('aria-label', t('timeline'));
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Shows what is recorded; nothing without a recording. */
  update(state: TimelineState | undefined): void {
    const before = this.#state;
    this.#state = state;
    this.element.hidden = state === undefined;
    this.element.classList.toggle('past', state?.at !== undefined);
    if (state === undefined) {
      render(nothing, this.element);
      return;
    }
    render(this.#template(state), this.element);
    // What moves by itself is not spoken of.
    if (before?.at !== state.at && !state.isPlaying && state.moment !== this.#spoken) {
      this.#spoken = state.moment;
      this.#events.speak(state.moment);
    }
  }

  #template(state: TimelineState): TemplateResult {
    const t = this.#t;
    const { from, to, at, moment, canStep, isPlaying, here, kind } = state;
    const isOver = kind === 'ended';
    const act = (one: TimelineAct) => (): void => this.#events.act(one);
    const icon = (
      name: string,
      hint: string,
      label: string,
      one: TimelineAct,
      pressed = false,
    ): TemplateResult => toggle({ name, label, hint, pressed, onPress: act(one) });
    return html`<div class="timeline-line">
        <span class="steps" role="group" aria-label=${t('timelineSteps')}>
          ${icon('previous-moment', t('timelinePrevious'), '\u25c2', { kind: 'step', step: -1 })}
          ${icon('play', t(isPlaying ? 'timelinePause' : 'timelinePlay'), isPlaying ? '\u2016' : '\u25b6', { kind: 'play' }, isPlaying)}
          ${icon('next-moment', t('timelineNext'), '\u25b8', { kind: 'step', step: 1 })}
        </span>
        <span class="track-of-time">
          ${marksOf(state.marks)}
          <input
            type="range"
            data-name="moment"
            min=${from}
            max=${Math.max(to, from + 1)}
            step="1"
            aria-label=${t('timelineMoment')}
            aria-valuetext=${moment}
            .value=${live(String(at ?? Math.max(to, from + 1)))}
            ?disabled=${!canStep.back && !canStep.on}
            @input=${(event: Event) => this.#slid(event)}
          />
        </span>
        <span class="moment">${moment}</span>
        ${toggle({ name: 'now', label: t('timelineNow'), hint: t('timelineNowHint'), pressed: at === undefined, onPress: act({ kind: 'now' }) })}
      </div>
      <div class="timeline-line">
        <span class="about" title=${t('timelineUnseen')}>${state.about}</span>
        ${here === undefined ? nothing : icon('here', t('timelineHere'), here, { kind: 'here' })}
        <span class="steps">
          ${
            isOver
              ? this.#command('record', t('timelineRecord'), t('timelineRecordHint'))
              : this.#command('endRecording', t('timelineEnd'), t('timelineEndHint'))
          }
        </span>
      </div>`;
  }

  #command(command: HostCommand, label: string, hint: string): TemplateResult {
    const onPress = (): void => this.#events.command(command);
    return toggle({ name: command, label, hint, pressed: false, onPress });
  }

  #slid(event: Event): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    const at = Number(event.target.value);
    const { to = 0 } = this.#state ?? {};
    this.#events.act(at >= to ? { kind: 'now' } : { kind: 'to', at });
  }

  /** On the track the arrows go from change to change. */
  #onKey(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    const steps: Readonly<Record<string, 1 | -1>> = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#events.act({ kind: 'step', step });
  }
}

/** How much changed when, as bars. */
function marksOf(marks: Uint8Array): TemplateResult {
  const path = Array.from(marks, (mark, x) => {
    const height = (mark / 255) * markHeight;
    return mark === 0 ? '' : `M${x} ${markHeight}v${-height.toFixed(0)}h1v${height.toFixed(0)}z`;
  }).join('');
  return html`<svg
    class="marks-of-time"
    viewBox="0 0 ${marks.length} ${markHeight}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${svg`<path d=${path} />`}
  </svg>`;
}

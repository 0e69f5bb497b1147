/** The sign of each state: a shape that is told from the others without colour and at six pixels. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CellState } from '../../src/array/messages.ts';

/** Paths in a square of 10 x 10; states without one are told by their cell's pattern. */
const paths: Readonly<Partial<Record<CellState, string>>> = {
  running: 'M2 1 L9 5 L2 9 Z',
  stalled: 'M1.5 1 H4 V9 H1.5 Z M6 1 H8.5 V9 H6 Z',
  halted: 'M1.5 1.5 H8.5 V8.5 H1.5 Z',
  error: 'M0.5 2 L2 0.5 L5 3.5 L8 0.5 L9.5 2 L6.5 5 L9.5 8 L8 9.5 L5 6.5 L2 9.5 L0.5 8 L3.5 5 Z',
  done: 'M0.5 5.5 L2 4 L4 6 L8 1.5 L9.5 3 L4 9 Z',
  idle: 'M5 3.5 A1.5 1.5 0 1 1 4.99 3.5 Z',
  unreadable: 'M2 3.2 A3 2.7 0 1 1 6 5.6 L6 7 H4.2 V4.5 A1.6 1.2 0 1 0 3.7 3.2 Z M4.1 8 H6.1 V9.8 H4.1 Z',
};

/** The sign of a state, as large as its place; nothing where the cell's pattern says it. */
export function signOf(state: CellState): TemplateResult | typeof nothing {
  const path = paths[state];
  if (path === undefined) return nothing;
  return html`<svg viewBox="0 0 10 10" aria-hidden="true" class="sign"><path d=${path}></path></svg>`;
}

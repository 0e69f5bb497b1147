import type { Page } from 'playwright-core';

/** How often the page drew while it scrolled, and how often the browser could have drawn at rest in that time. */
export interface ScrollRate {
  readonly drawn: number;
  readonly possible: number;
}

/** Scrolls the grid by wheel for a second; every draw shows other rows. For reports: the machine decides the numbers. */
export function scrollRate(page: Page): Promise<ScrollRate> {
  return page.evaluate(async () => {
    const grid = document.querySelector('#grid');
    const nextFrame = () => new Promise<number>((done) => requestAnimationFrame(done));
    const restFrom = performance.now();
    let rest = 0;
    while (performance.now() - restFrom < 500) {
      await nextFrame();
      rest++;
    }
    const rate = rest / (performance.now() - restFrom);
    const from = performance.now();
    let drawn = 0;
    while (performance.now() - from < 1000) {
      grid?.dispatchEvent(new WheelEvent('wheel', { deltaY: 137, cancelable: true, bubbles: true }));
      await nextFrame();
      drawn++;
    }
    return { drawn, possible: rate * (performance.now() - from) };
  });
}

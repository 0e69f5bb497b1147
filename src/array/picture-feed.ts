/**
 * Keeps the page of the Array view up to date. Sends the picture once, then patches, one at a time: what changes before
 * the page has drawn a patch goes into the next one.
 */
import type { ArrayPicture, ToArrayPage } from './messages.ts';
import { patchBetween } from './patch.ts';

/** What a feed works with. */
export interface PictureFeedParts {
  /** The picture as it is now. */
  readonly picture: () => ArrayPicture;
  readonly send: (message: Extract<ToArrayPage, { readonly type: 'picture' | 'patch' }>) => void;
}

/** Shows one page its picture, from its beginning to its end. Single-threaded. */
export class PictureFeed {
  readonly #parts: PictureFeedParts;
  #shown: ArrayPicture | undefined;
  #number = 0;
  #drawn = 0;
  #waiting = false;

  constructor(parts: PictureFeedParts) {
    this.#parts = parts;
  }

  /** Shows what is different by now, once the page has drawn what it was shown before. */
  show(): void {
    this.#waiting = this.#number > this.#drawn;
    if (this.#waiting) return;
    const picture = this.#parts.picture();
    const before = this.#shown;
    const patch = before && patchBetween(before, picture);
    if (before !== undefined && patch === undefined) return;
    this.#shown = picture;
    this.#number++;
    const number = this.#number;
    this.#parts.send(
      patch === undefined ? { type: 'picture', number, picture } : { type: 'patch', number, patch },
    );
  }

  /** The page has drawn what has this number. */
  drawn(number: number): void {
    if (number !== this.#number) return;
    this.#drawn = number;
    if (this.#waiting) this.show();
  }
}

/** What the API does, in one part that is loaded when another program first asks for something. */

import * as v from 'valibot';
import type { WatchNews } from '../../api/tilescope.d.ts';
import type { Disposable } from '../model/event.ts';
import { isProgramMemory } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { fitting, whole } from '../model/shapes.ts';
import { ApiError } from './api-error.ts';
import type { ApiServices } from './api-services.ts';
import type { ApiParts } from './joined-memory.ts';
import { keepMemory } from './keeps.ts';
import { MemoryAccess } from './memory-access.ts';
import { PlaceWatch } from './place-watch.ts';
import { askedPlace } from './places.ts';
import { ReadPace } from './read-pace.ts';
import { programMemory } from './refusals.ts';
import { ProgramWrites } from './writes.ts';

/** Bytes of one watch. */
const mostWatched = 64 << 10;
/** Watches of all other programs together. */
const mostOfOthers = 64;

const watchShape = v.object({ periodMs: v.optional(whole(33, 60_000), 100) });

export class LoadedApi implements Disposable {
  readonly access: MemoryAccess;
  readonly writes: ProgramWrites;
  readonly #parts: ApiParts;
  readonly #watches = new Set<PlaceWatch>();
  #count = 0;

  constructor(services: ApiServices, l10n: Localiser) {
    const pace = new ReadPace(() => performance.now(), services.after, l10n);
    this.access = new MemoryAccess(services, pace, l10n);
    this.#parts = { services, access: this.access, pace, l10n };
    this.writes = new ProgramWrites(this.#parts);
  }

  keep(asked: unknown, file: unknown, signal: AbortSignal) {
    return keepMemory(this.#parts, asked, file, signal);
  }

  /** Follows bytes until the answer is disposed. @throws ApiError */
  watch(asked: unknown, options: unknown, tell: (news: WatchNews) => void): Disposable {
    const { services, l10n } = this.#parts;
    const place = askedPlace(asked, mostWatched, l10n);
    const period = fitting(watchShape, options ?? {})?.periodMs;
    if (period === undefined || typeof tell !== 'function') {
      throw new ApiError('bad-request', l10n.t('This is not what a watch takes: a listener, and a period.'));
    }
    if (isProgramMemory(place.memory)) throw programMemory(l10n);
    if (this.#watches.size >= mostOfOthers) {
      throw new ApiError(
        'too-many',
        l10n.t('Other programs have {0} watches already. End one first.', mostOfOthers),
      );
    }
    const watch = new PlaceWatch(place, period, `api-watch:${this.#count++}`, services, l10n, tell);
    this.#watches.add(watch);
    return {
      dispose: () => {
        this.#watches.delete(watch);
        watch.dispose();
      },
    };
  }

  dispose(): void {
    for (const watch of this.#watches) watch.dispose();
    this.#watches.clear();
  }
}

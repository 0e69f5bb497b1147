/** Which of the commands for names can do something now. */
import type { FoundBuild } from './name-model.ts';

/** Context keys by their names after `tilescope.`. */
export function namesKeys(builds: readonly Pick<FoundBuild, 'isAdded'>[]) {
  return { hasNames: builds.some(({ isAdded }) => isAdded) };
}

/** Says why a try of a test failed, also when the next one succeeds: only the last try's failure is reported. */
import { afterEach } from 'vitest';

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const error = task.result.errors?.at(-1);
  console.warn(`A try of "${task.name}" failed: ${error?.stack ?? error?.message ?? 'no reason'}`);
});

/** Progress of what a person started in an editor. */
import { after } from '../model/later.ts';
import { withProgress as showProgress } from '../say/say.ts';

/** Progress that is over before this is not shown: it would only flicker. Milliseconds. */
const briefWait = 400;

/**
 * Runs a task; once it takes longer than a person expects, shows progress that can be cancelled.
 *
 * @param task is given a way to say how far it is, in words
 */
export async function withProgress<T>(
  title: string,
  task: (signal: AbortSignal, tell: (step: string) => void) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let told = '';
  let report = (step: string): void => {
    told = step;
  };
  const result = task(abort.signal, (step) => report(step));
  const settled = result.then(
    () => undefined,
    () => undefined,
  );
  const timer = after(briefWait, () => {
    void showProgress(title, (show, token) => {
      report = show;
      if (told !== '') show(told);
      token.onCancellationRequested(() => abort.abort());
      return settled;
    });
  });
  try {
    return await result;
  } finally {
    timer.dispose();
  }
}

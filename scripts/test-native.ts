/** The native suite's command: `test-native.ts JUNIT-FILE [doctest arguments]`. */
import { isMain, runMain, ScriptError } from './common.ts';
import { testNative } from './native.ts';

async function main(): Promise<number> {
  const [junit, ...extra] = process.argv.slice(2);
  if (junit === undefined) throw new ScriptError('Name the JUnit file to write.');
  return testNative(junit, extra);
}

if (isMain(import.meta.url)) runMain(main);

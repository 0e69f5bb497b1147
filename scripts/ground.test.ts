/** What the project's settings promise. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capture, root } from './common.ts';

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(root, ...path), 'utf8'));

describe('ground', () => {
  it('[main-1] TypeScript is checked as strictly as it can be', () => {
    const { compilerOptions } = read('tsconfig.json') as {
      compilerOptions: Readonly<Record<string, unknown>>;
    };
    for (const flag of [
      'strict',
      'noUncheckedIndexedAccess',
      'exactOptionalPropertyTypes',
      'noImplicitOverride',
      'noImplicitReturns',
      'noFallthroughCasesInSwitch',
      'noPropertyAccessFromIndexSignature',
      'noUnusedLocals',
      'noUnusedParameters',
      'verbatimModuleSyntax',
      'erasableSyntaxOnly',
    ]) {
      expect(compilerOptions[flag], flag).toBe(true);
    }
  });

  it('[main-1] every script that others call is there', () => {
    const { scripts } = read('package.json') as { scripts: Readonly<Record<string, string>> };
    const suites = ['unit', 'native', 'board', 'host', 'e2e', 'long'].map((suite) => `test:${suite}`);
    for (const name of ['start', 'test', ...suites, 'bench', 'board', 'package', 'check']) {
      expect(scripts[name], name).toMatch(/^node scripts\/run\.mjs /);
    }
  });

  it('[main-1] one CMake project with presets for the host, for sanitizers, and for the board', () => {
    const presets = read('native', 'CMakePresets.json') as {
      configurePresets: readonly {
        name: string;
        toolchainFile?: string;
        cacheVariables?: Readonly<Record<string, string>>;
      }[];
    };
    const preset = (name: string) => presets.configurePresets.find((one) => one.name === name);
    expect(preset('release')?.cacheVariables?.['CMAKE_BUILD_TYPE']).toBe('Release');
    expect(preset('debug')?.cacheVariables?.['TILESCOPE_SANITIZE']).toBe('address,undefined');
    expect(preset('thread')?.cacheVariables?.['TILESCOPE_SANITIZE']).toBe('thread');
    expect(preset('aarch64')?.toolchainFile).toContain('aarch64');
    const project = readFileSync(join(root, 'native', 'CMakeLists.txt'), 'utf8');
    expect(project).toMatch(/-fsanitize=\$\{TILESCOPE_SANITIZE\}/);
    expect(project).toMatch(/-Werror/);
  });

  it('[main-3] a public CI runs the host suites in desktop VS Code, too', () => {
    const workflow = readFileSync(join(root, '.github', 'workflows', 'ci.yml'), 'utf8');
    expect(workflow).toContain('.ci/run');
    expect(workflow).toMatch(/xvfb-run .*npm run test:host -- --desktop/);
  });

  it('[main-25] a runner without a task it knows says what there is', async () => {
    const result = await capture(process.execPath, [join(root, 'scripts', 'run.mjs'), 'nonsense']);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/nonsense/);
  });
});

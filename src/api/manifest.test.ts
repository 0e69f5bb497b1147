/** What the manifest says of tools and commands is what there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryTypes } from '../model/geometry.ts';
import { commandNames } from './command-names.ts';
import { toolNames } from './tool-names.ts';

interface Tool {
  readonly name: string;
  readonly inputSchema: {
    readonly properties: Readonly<
      Record<string, { readonly enum?: readonly string[]; readonly maximum?: number }>
    >;
    readonly required: readonly string[];
  };
}

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly activationEvents: readonly string[];
  readonly contributes: { readonly languageModelTools: readonly Tool[] };
};
const tools = manifest.contributes.languageModelTools;

test('[live-11] a command of the API starts the extension', () => {
  const events = manifest.activationEvents.filter((event) => event.startsWith('onCommand:tilescope.api.'));
  expect(events).toEqual(commandNames.map((name) => `onCommand:tilescope.api.${name}`));
});

test('[live-11] the manifest has the tools for language models, with bounds for what they take', () => {
  expect(tools.map(({ name }) => name)).toEqual(toolNames);
  for (const { name, inputSchema } of tools) {
    expect(inputSchema.required, name).toEqual(Object.keys(inputSchema.properties));
  }
  const properties = (name: string) => tools.find((tool) => tool.name === name)?.inputSchema.properties;
  expect(properties('tilescope_read')?.['memory']?.enum).toEqual(memoryTypes);
  expect(properties('tilescope_read')?.['length']?.maximum).toBe(1024);
  expect(properties('tilescope_write')?.['memory']?.enum).not.toContain('program');
});

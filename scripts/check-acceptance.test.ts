import { describe, expect, test } from 'vitest';
import { filesByIds, idsInTitles, idsOf, withFiles } from './check-acceptance.ts';

// Put together here, so that this file does not itself claim the ids it talks about.
const id = (number: number): string => `[main-${number}]`;

describe('acceptance ids in test titles', () => {
  test('titles of all kinds of tests count, comments and other strings do not', () => {
    const source = [
      `test('${id(90)} one', () => {});`,
      `it("${id(91)} two", async () => {});`,
      `describe(\`${id(92)} three\`, () => {});`,
      `test.each(rows)('${id(93)} four: %s', run);`,
      `TEST_CASE("${id(94)} five") {}`,
      `// ${id(95)}`,
      `const text = '${id(96)}';`,
    ].join('\n');
    expect([...idsInTitles(source)]).toEqual(['main-90', 'main-91', 'main-92', 'main-93', 'main-94']);
  });

  test('an id without a test gets no list, one with tests names their files', () => {
    const document = `# x\n- ${id(1)} first\n  Tests: \`gone.test.ts\`\n- ${id(2)} second\n`;
    const files = filesByIds(new Map([['a.test.ts', `test('${id(2)} t', f)`]]));
    expect(idsOf(document)).toEqual(['main-1', 'main-2']);
    expect(withFiles(document, files)).toBe(
      `# x\n- ${id(1)} first\n- ${id(2)} second\n  Tests: \`a.test.ts\`\n`,
    );
  });
});

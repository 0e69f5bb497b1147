import { describe, expect, it } from 'vitest';
import { checkFidelity, fidelityProblems, testTitles } from './fidelity.ts';

const GOOD =
  '| fact | text | shown | seen |\n|---|---|---|---|\n| 1.1 | sizes | `has sizes` | both |\n| 2.1 | numbers | `has sizes` | shipped |\n| 4.1 | texts | not imitated because nobody reads them | no |\n| 5.1 | sync | not imitated because nobody calls it | aie-rt |\n| 6.1 | held | not imitated because nobody holds it | no |\n';

describe('the fidelity table [main-5]', () => {
  it('is complete: every fact has an existing test or a reason', () => {
    expect(checkFidelity()).toEqual([]);
  });

  it('passes with a test for each row, or a reason', () => {
    expect(fidelityProblems(GOOD, ['has sizes'])).toEqual([]);
  });

  it('fails on a test that does not exist', () => {
    expect(fidelityProblems(GOOD, ['has other sizes'])).toEqual([
      'fidelity.md:3: there is no test with the title "has sizes".',
      'fidelity.md:4: there is no test with the title "has sizes".',
    ]);
  });

  it('fails on an empty cell, a missing section and a lost row', () => {
    expect(fidelityProblems(GOOD.replace('`has sizes`', ''), [])).toContainEqual(
      expect.stringContaining('none is empty'),
    );
    expect(fidelityProblems(GOOD.replace('5.1', '5.2'), ['has sizes'])).toContainEqual(
      expect.stringContaining('5.1 was expected'),
    );
    expect(fidelityProblems('', [])).toHaveLength(5);
  });

  it('fails on a row with neither a test nor a reason', () => {
    expect(fidelityProblems(GOOD.replace('`has sizes`', 'yes'), [])).toContainEqual(
      expect.stringContaining('names no test and no reason'),
    );
  });

  it('fails on a row that does not say whether its fact was seen in real code [truth-8]', () => {
    expect(fidelityProblems(GOOD.replace('| aie-rt |', '| maybe |'), ['has sizes'])).toEqual([
      'fidelity.md:6: "maybe" is not one of 2020, shipped, both, aie-rt, no.',
    ]);
    expect(fidelityProblems(GOOD.replace(' aie-rt |', ''), ['has sizes'])).toContain(
      'fidelity.md:6: a row has four cells and none is empty.',
    );
  });

  it('reads titles in all quotes', () => {
    expect(testTitles(`it('a', () => {}); test("b c", f); it(\n  'd\\'s',\n f)`)).toEqual([
      'a',
      'b c',
      "d's",
    ]);
  });
});
